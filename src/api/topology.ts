import { z } from 'zod';
import { longestPath, pathPattern } from '../formats/path.ts';

/** The part of an EtcdService that says where its instances run. */

/** What Kubernetes takes as the value of a label, and therefore as a zone. */
export const labelValue = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;

export const topologySchema = z.object({
  zone: z
    .object({
      path: z
        .string()
        .max(longestPath)
        .regex(pathPattern, "must be a path such as .zone or ['topology.kubernetes.io/zone']")
        .describe('Path to the zone in the metadata of an instance.'),
      values: z
        .record(z.string().max(256), z.string().min(1).max(63).regex(labelValue, 'must be a label value'))
        .meta({ maxProperties: 256 })
        .optional()
        .describe(
          'Zones of the cluster by what the metadata says. What is not named here is taken as it is.',
        ),
    })
    .optional()
    .describe('Tells the zone of an instance, as the label topology.kubernetes.io/zone of a Node has it.'),
  hints: z
    .enum(['None', 'Zone'])
    .default('None')
    .describe(
      'Zone asks Kubernetes to keep traffic within a zone, as long as every ready instance of the Service has one. Nodes of a zone without an instance use them all.',
    ),
});

export type Topology = z.output<typeof topologySchema>;
