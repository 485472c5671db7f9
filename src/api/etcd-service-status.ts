import { z } from 'zod';
import { conditionsSchema } from './condition.ts';

/** What the controller reports of an EtcdService. Counts, not lists of addresses: those stand in the published objects. */

/** The longest message of a rejection, in UTF-16 units. */
export const rejectedMessageLimit = 1024;

const count = z.int32().min(0);

export const etcdServiceStatusSchema = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .meta({ format: 'int64' })
    .optional()
    .describe('The generation of the spec that was acted upon last.'),
  serviceName: z.string().max(63).optional().describe('The Service that is filled.'),
  summary: z.string().max(32).optional().describe('Ready instances of all that are published, as 12/13.'),
  revision: z
    .string()
    .max(20)
    .optional()
    .describe(
      'The etcd revision that the published endpoints reflect. It is never written for its own sake.',
    ),
  instances: z
    .object({
      keys: count.describe('All that was found: the sum of the next six.'),
      ready: count.describe('Published as ready.'),
      notReady: count.describe('Published as not ready.'),
      filtered: count.describe('Left out by spec.filter.'),
      ignored: count.describe('Meant to be no instance.'),
      rejected: count.describe('Not readable or not publishable; status.rejected has samples.'),
      duplicate: count.describe('Announced by another key already, with the same address and ports.'),
      // Absent in a status that an earlier controller wrote, which must stay valid when the spec is changed.
      draining: count.optional().describe('Removed, and still published as terminating.'),
      held: count.optional().describe('Vanished from etcd, and still published because a guard holds them.'),
    })
    .optional()
    .describe('How many instances ended where.'),
  formats: z
    .array(z.string().max(63))
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The formats that instances were read by: what `auto` found.'),
  rejected: z
    .array(
      z.object({
        key: z.string().max(2048).describe('The etcd key, escaped and cut to 256 bytes.'),
        reason: z.string().max(64).describe('Why it was rejected, in one word.'),
        message: z.string().max(rejectedMessageLimit).describe('Why it was rejected, for people.'),
      }),
    )
    .max(5)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Samples of registrations that were rejected, at most five.'),
  conditions: conditionsSchema.describe('Ready, HasEndpoints, RegistryConnected and RemovalHeld.'),
});
