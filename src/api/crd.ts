import type { z } from 'zod';
import type { KubeObject, Resource } from '../kube/types.ts';
import type { PlacedRule } from './rule.ts';
import { addRule, type StructuralSchema, structural } from './structural-schema.ts';

/** A kind of custom resource: all that its CustomResourceDefinition is made of. */
export interface Kind {
  readonly resource: Resource;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: Part;
  readonly status: Part;
  readonly rules: readonly PlacedRule[];
  readonly printerColumns: readonly PrinterColumn[];
}

interface Part {
  readonly schema: z.ZodObject;
  readonly description: string;
}

/** A column of `kubectl get`; one with a priority above 0 is shown by `-o wide` alone. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

export type Crd = KubeObject & { readonly spec: object };

/** The CustomResourceDefinition of a kind, generated from its schemas and rules. */
export function crdOf(kind: Kind): Crd {
  const { resource, shortNames, printerColumns } = kind;
  const { group, version, plural } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural,
        singular: resource.kind.toLowerCase(),
        shortNames,
        categories: ['etcd-endpoints'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: printerColumns,
          schema: { openAPIV3Schema: schemaOf(kind) },
          subresources: { status: {} },
        },
      ],
    },
  };
}

/** The schema of the whole object, with the rules. */
export function schemaOf({ description, spec, status, rules }: Kind): StructuralSchema {
  const schema: StructuralSchema = {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(spec.schema, spec.description),
      status: structural(status.schema, status.description),
    },
  };
  for (const rule of rules) {
    addRule(schema, rule);
  }
  return schema;
}

/** The column that tells a condition's status under its own name. */
export function conditionColumn(type: string): PrinterColumn {
  return { name: type, type: 'string', jsonPath: `.status.conditions[?(@.type=='${type}')].status` };
}

/** A column with the reason of a condition, in wide output alone. */
export function reasonColumn(type: string): PrinterColumn {
  return {
    name: 'Reason',
    type: 'string',
    jsonPath: `.status.conditions[?(@.type=='${type}')].reason`,
    priority: 1,
  };
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
};
