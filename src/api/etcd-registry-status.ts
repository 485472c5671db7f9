import { z } from 'zod';
import { conditionsSchema } from './condition.ts';

/** What the controller reports of an EtcdRegistry. */
export const etcdRegistryStatusSchema = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .meta({ format: 'int64' })
    .optional()
    .describe('The generation of the spec that was acted upon last.'),
  revision: z
    .string()
    .max(20)
    .optional()
    .describe(
      'The newest etcd revision that was known when the status was written. It is never written for its own sake.',
    ),
  keys: z.int32().min(0).optional().describe('Registrations that are followed for EtcdServices.'),
  clusterVersion: z
    .string()
    .max(64)
    .optional()
    .describe('Version of etcd, as the member says that answered.'),
  conditions: conditionsSchema.describe('Connected, Synced and ServiceRangesKnown.'),
});
