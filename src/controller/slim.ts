/** What caches keep of objects. There may be thousands, of which much is the same, or of no use. */
import type { Condition, EtcdService } from '../api/etcd-service.ts';
import { withSlimEndpoints } from '../endpoints/pack/slim-endpoints.ts';
import type { EndpointSlice } from '../kube/resources.ts';
import type { KubeObject } from '../kube/types.ts';

/** All but the bookkeeping of its writers, which can be larger than the rest. */
export function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  const { apiVersion, kind } = object;
  return { ...object, apiVersion: knownText(apiVersion), kind: knownText(kind), metadata };
}

/** Versions and kinds: a handful, however many objects are of them. Mostly each is a text of its own in what the apiserver sends, or in what a list makes of it. */
const knownTexts = new Map<string, string>();

function knownText(text: string): string {
  const known = knownTexts.get(text);
  if (known === undefined) {
    knownTexts.set(text, text);
  }
  return known ?? text;
}

/** The same, with endpoints that take less where they are alike. */
export function slimSlice(slice: EndpointSlice): EndpointSlice {
  return withSlimEndpoints(slim(slice));
}

/** The same, with the very conditions that another one has which says the same. */
export function slimEtcdService(object: EtcdService): EtcdService {
  const kept = slim(object);
  const { status } = kept;
  return status?.conditions === undefined
    ? kept
    : { ...kept, status: { ...status, conditions: status.conditions.map(sharedCondition) } };
}

/** The last condition of each type; others may have written types of their own, of which there is no end. */
const lastOfType = new Map<string, Condition>();
const mostTypes = 16;

function sharedCondition(condition: Condition): Condition {
  const last = lastOfType.get(condition.type);
  if (last !== undefined && isSame(last, condition)) {
    return last;
  }
  if (last !== undefined || lastOfType.size < mostTypes) {
    lastOfType.set(condition.type, condition);
  }
  return condition;
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.lastTransitionTime === b.lastTransitionTime &&
    a.observedGeneration === b.observedGeneration
  );
}
