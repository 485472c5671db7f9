import type { ObjectMeta, OwnerReference } from '../kube/types.ts';
import { annotations, isCopied, labels } from './labels.ts';

/** Labels and annotations of an object. */
export interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What the marks of Endpoints and EndpointSlices are made from. */
export interface MarksWish {
  /** Labels of the Service, copied as Kubernetes's own controllers do. */
  readonly serviceLabels: Readonly<Record<string, string>>;
  readonly headless: boolean;
  /** Labels that the metadata of instances gives, before those of the Service. */
  readonly instanceLabels?: Readonly<Record<string, string>> | undefined;
  /** Labels of ours; an undefined one goes. */
  readonly labels: Readonly<Record<string, string | undefined>>;
  /** Annotations of ours; an undefined one goes. */
  readonly annotations: Readonly<Record<string, string | undefined>>;
}

/**
 * Labels and annotations: ours, those of the Service, and what others have put there. An annotation names what was copied from the Service,
 * since a label that the Service has lost cannot be told from one of somebody else otherwise; so does one with what instances gave.
 */
export function marksOf(wish: MarksWish, existing: ObjectMeta | undefined): Marks {
  const { labels: oldLabels = {}, annotations: oldNotes = {} } = existing ?? {};
  const { instanceLabels = {} } = wish;
  const copied = Object.entries(wish.serviceLabels).filter(
    ([name]) => isCopied(name) && !Object.hasOwn(instanceLabels, name),
  );
  const stale = [annotations.copiedLabels, annotations.instanceLabels].flatMap((note) =>
    named(oldNotes[note]),
  );
  const own = { [labels.headless]: wish.headless ? '' : undefined, ...instanceLabels, ...wish.labels };
  const notes = {
    [annotations.copiedLabels]: namesText(copied.map(([name]) => name)),
    [annotations.instanceLabels]: namesText(Object.keys(instanceLabels)),
    ...wish.annotations,
  };
  return {
    labels: {
      ...without(oldLabels, [...stale, ...Object.keys(own)]),
      ...Object.fromEntries(copied),
      ...present(own),
    },
    annotations: { ...without(oldNotes, Object.keys(notes)), ...present(notes) },
  };
}

/** The labels that an object has from the metadata of its instances; undefined where it has none. */
export function instanceLabelsOf({
  labels: all = {},
  annotations: notes = {},
}: ObjectMeta): Marks['labels'] | undefined {
  const found = named(notes[annotations.instanceLabels]).flatMap((name): [string, string][] => {
    const value = Object.hasOwn(all, name) ? all[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Names of labels as an annotation lists them. */
function namesText(names: readonly string[]): string | undefined {
  return names.toSorted((a, b) => (a < b ? -1 : 1)).join(',') || undefined;
}

function named(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',');
}

function without(record: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

function present(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Whether an object carries these marks and owners, and no others. */
export function hasMarks(meta: ObjectMeta, marks: Marks, owners: readonly OwnerReference[]): boolean {
  return (
    sameRecord(meta.labels ?? {}, marks.labels) &&
    sameRecord(meta.annotations ?? {}, marks.annotations) &&
    sameOwners(meta.ownerReferences ?? [], owners)
  );
}

/** Whether two sets of labels or annotations are equal. */
function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Whether two lists name the same owners in the same roles, in whatever order. */
function sameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  const roles = new Map(a.map((owner) => [owner.uid, owner.controller === true]));
  return a.length === b.length && b.every((owner) => roles.get(owner.uid) === (owner.controller === true));
}
