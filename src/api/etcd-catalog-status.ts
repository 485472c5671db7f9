import { z } from 'zod';
import { conditionsSchema } from './condition.ts';

/** What the controller reports of an EtcdCatalog: counts, and a few samples, never lists of all. */

const count = z.int32().min(0);

/** How many samples of what is left out a status holds. */
export const mostSamples = 5;

export const etcdCatalogStatusSchema = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .meta({ format: 'int64' })
    .optional()
    .describe('The generation of the spec that was acted upon last.'),
  services: z
    .object({
      found: count.describe('Services that have at least one key.'),
      published: count.describe('Services that have an EtcdService of this catalog; in Observe, that would.'),
      adopted: count.describe('Services whose EtcdService was written by hand; it is left alone.'),
      leftOut: count.describe('Services that are not published; status.leftOut has samples.'),
      empty: count.describe('EtcdServices whose service has no key any more, kept for their time.'),
      kept: count
        .optional()
        .describe('EtcdServices whose service is left out for now, such as for want of a grant; they stay.'),
      copies: count
        .optional()
        .describe('EtcdServices with the label of the catalog that it has not made; they are left alone.'),
      unmatchedKeys: count.describe('Keys that do not have the pattern.'),
    })
    .optional()
    .describe('How many services ended where.'),
  pending: z
    .object({
      create: count.describe('EtcdServices that would be created.'),
      update: count.describe('EtcdServices that would be changed.'),
      delete: count.describe('EtcdServices that would be deleted.'),
    })
    .optional()
    .describe('What Publish would do now; in Observe alone.'),
  leftOut: z
    .array(
      z.object({
        service: z.string().max(1024).describe('The service as etcd names it.'),
        reason: z.string().max(64).describe('Why it is left out, in one word.'),
        about: z.string().max(1024).describe('The namespace, or the name, that it is about.'),
      }),
    )
    .max(mostSamples)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Samples of services that are left out, at most five.'),
  conditions: conditionsSchema.describe('Ready, AllPublished and PruningHeld.'),
});
