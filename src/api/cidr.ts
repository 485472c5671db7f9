import { z } from 'zod';
import { isCidr } from '../formats/cidr.ts';

const expected = 'must be a range such as 10.0.0.0/8 or fd00::/8';

/** A range of addresses. */
export const cidrSchema = z
  .string()
  .max(49)
  .regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/, expected)
  .refine(isCidr, expected);

export const cidrsSchema = z.array(cidrSchema).max(64).meta({ 'x-kubernetes-list-type': 'set' }).optional();
