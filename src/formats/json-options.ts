import { z } from 'zod';
import { longestPath, pathPattern } from './path.ts';

const path = z
  .string()
  .max(longestPath)
  .regex(pathPattern, "must be a path such as .a.b, ['c.d'] or [0], or . for the value itself");

/** The block `json` of an EtcdService. Every path starts at the instance: the value, or one element of `items`. */
export const jsonOptions = z.object({
  items: path
    .optional()
    .describe('Path to the list where one value holds several instances. Absent, the value is one instance.'),
  address: path
    .optional()
    .describe(
      'Path to the address, which may have a port beside it (`host:port`). Absent, the fields with a common name are looked up.',
    ),
  port: path
    .optional()
    .describe(
      'Path to the port without a name. Absent, and without `ports`, the fields with a common name are looked up.',
    ),
  ports: z
    .record(z.string().max(63), path)
    .refine((ports) => Object.keys(ports).length <= 100, 'at most 100 ports')
    .meta({ maxProperties: 100 })
    .optional()
    .describe(
      'Paths to ports by the name that `targetPort` asks for. A path that yields nothing names no port.',
    ),
  metadata: path
    .optional()
    .describe(
      'Path to an object whose texts, numbers and booleans become metadata. Absent, the field `metadata`.',
    ),
  ready: z
    .object({
      path: path.describe('Path to the state. Where it yields nothing, the instance is not ready.'),
      values: z
        .array(z.string().max(256))
        .min(1)
        .max(32)
        .meta({ 'x-kubernetes-list-type': 'set' })
        .default(['true'])
        .describe(
          'States that mean ready, as text: a number or boolean is compared as it is written in JSON.',
        ),
    })
    .optional()
    .describe('Tells ready instances from others. Absent, all are ready.'),
});

export type JsonOptions = z.output<typeof jsonOptions>;
