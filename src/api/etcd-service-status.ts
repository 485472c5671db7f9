import { z } from 'zod';
import { conditionsSchema } from './condition.ts';

/** What the controller reports of an EtcdService. Counts, not lists of addresses: those stand in the published objects. */

/** The longest message of a rejection, in UTF-16 units. */
export const rejectedMessageLimit = 1024;

/** The longest text about one difference, in UTF-16 units, and how many about the Service there are at the most. */
export const differenceLimit = 512;
export const mostServiceDifferences = 5;

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
  observed: z
    .object({
      wanted: count.describe('What would be published: addresses with one port each, also in the next four.'),
      standing: count.describe('What stands, whoever wrote it.'),
      missing: count.describe('Would be published, and does not stand.'),
      superfluous: count.describe('Stands, and would not be published.'),
      different: count.describe('Stands with another readiness or another name of the port.'),
      service: z
        .array(z.string().max(differenceLimit))
        .max(mostServiceDifferences)
        .meta({ 'x-kubernetes-list-type': 'atomic' })
        .describe('What of the Service itself differs from the spec, or forbids to publish; at most five.'),
      examples: z
        .array(
          z.object({
            kind: z.string().max(64).describe('Missing, Superfluous or Different.'),
            endpoint: z.string().max(differenceLimit).describe('The address with its port.'),
            message: z.string().max(differenceLimit).optional().describe('What differs, for people.'),
          }),
        )
        .max(5)
        .meta({ 'x-kubernetes-list-type': 'atomic' })
        .describe('Some of the differences, at most five.'),
    })
    .optional()
    .describe('With the mode Observe: how what stands differs from what would be published.'),
  conditions: conditionsSchema.describe(
    'Ready, HasEndpoints, RegistryConnected and RemovalHeld; with the mode Observe also Equal.',
  ),
});
