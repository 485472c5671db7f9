import { z } from 'zod';
import { longestPath, pathPattern } from '../formats/path.ts';

/** The part of an EtcdService that says what of its instances' metadata stands on its EndpointSlices. */

/** A label name as Kubernetes checks it, but for the length of its domain, which the length of the whole bounds. */
const labelName =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** Labels whose domain is Kubernetes's or ours say what an object is and whose; no registration may have a word in that. */
export const reservedLabel = /^([^/]*[.])?(kubernetes|k8s|etcd-endpoints)[.]io\//;

const metadataPath = z
  .string()
  .max(longestPath)
  .regex(pathPattern, "must be a path such as .version or ['app.version']");

export const slicesSchema = z.object({
  labels: z
    .array(
      z.object({
        name: z
          .string()
          .min(1)
          .max(253)
          .regex(labelName, 'must be a label name')
          .describe(
            'Name of the label. Those of the domains kubernetes.io, k8s.io and etcd-endpoints.io are not to be had.',
          ),
        path: metadataPath.describe('Path to its value in the metadata of an instance.'),
      }),
    )
    .max(8)
    .refine(hasUniqueNames, 'no two may have the same name')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe(
      'Labels of the EndpointSlices that come from metadata. Instances that differ in one of them are in different slices, so it should have few values. Nothing else of the metadata becomes a label.',
    ),
  weights: z
    .object({
      path: metadataPath.describe('Path to the weight in the metadata of an instance: a whole number.'),
    })
    .optional()
    .describe(
      'Publishes the weights of instances in the annotation etcd-endpoints.io/weights of their EndpointSlices, for a mesh that reads it. kube-proxy and DNS ignore weights.',
    ),
});

export type Slices = z.output<typeof slicesSchema>;

function hasUniqueNames(labels: readonly { readonly name: string }[]): boolean {
  return new Set(labels.map(({ name }) => name)).size === labels.length;
}
