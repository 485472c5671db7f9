import { z } from 'zod';
import type { EtcdService } from '../api/etcd-service.ts';
import { objectKey } from '../kube/types.ts';
import { catalogAnnotations } from './marks.ts';

const names = z.array(z.string());

const appliedSchema = z.object({
  /** `namespace/name`. A copy that somebody has made stands under another. */
  as: z.string(),
  /** Hash of all that the EtcdServices of the catalog have in common: tells a changed template from fields of others. */
  template: z.string(),
  /** Names of the labels and annotations of the template: those that it loses go from the EtcdService too. */
  labels: names,
  annotations: names,
  /** How long the EtcdService stays without a key, also where its catalog is no more. */
  pruneAfterSeconds: z.int().min(0),
});

/** What a catalog has asked for last, as an annotation of the EtcdService keeps it. */
export type Applied = z.output<typeof appliedSchema>;

/** Undefined where no catalog has made the EtcdService under the name that it has: a copy, or one that was labelled by hand. */
export function appliedTo({ metadata }: EtcdService): Applied | undefined {
  const parsed = appliedSchema.safeParse(parsedJson(metadata.annotations?.[catalogAnnotations.applied]));
  return parsed.success && parsed.data.as === objectKey(metadata) ? parsed.data : undefined;
}

function parsedJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
