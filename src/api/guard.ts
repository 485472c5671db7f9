import { z } from 'zod';

/** The part of an EtcdService that says which removals are suspicious, and what becomes of them. */

const percent = z.int32().min(1).max(100);

export const guardSchema = z.object({
  maxRemovalPercent: percent
    .default(50)
    .describe(
      'Removals are held when more than this part of the ready instances, in percent, has vanished within the window without any that came instead.',
    ),
  ignoreBelow: z
    .int32()
    .min(1)
    .max(100_000)
    .default(5)
    .describe('With fewer ready instances than this in the window nothing is held.'),
  windowSeconds: z
    .int32()
    .min(1)
    .max(3600)
    .default(60)
    .describe(
      'How far back the most ready instances are looked for that the present ones are compared with.',
    ),
  holdSeconds: z
    .int32()
    .min(1)
    .max(86_400)
    .default(300)
    .describe('How long vanished instances are held. After it what etcd says is published.'),
  onEmpty: z
    .enum(['Hold', 'Publish'])
    .default('Hold')
    .describe(
      'Hold holds the last instances of a service too, whatever maxRemovalPercent says. Publish treats them like others.',
    ),
  verify: z
    .enum(['None', 'TCP', 'HTTP'])
    .default('None')
    .describe(
      'TCP connects to held instances, HTTP sends a request to them: one that refuses goes at once, one that answers or is silent stays to the end of the hold. Not for networks that refuse connections in the name of instances, as some NetworkPolicies do.',
    ),
});

export type Guard = z.output<typeof guardSchema>;
