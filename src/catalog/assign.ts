import type { FoundService } from './found-services.ts';
import { compileGlobs, serviceNameFor } from './names.ts';

/** What an EtcdService can name as its prefix or key. */
const longestSource = 1024;

/** Where the services of a catalog go: the first rule whose values a key has wins. */
export interface NamespaceRule {
  /** Placeholders of the pattern and the text that each must have; absent, every key will do. */
  readonly match?: Readonly<Record<string, string>> | undefined;
  /** Name of the namespace, in which `{name}` stands for the text of that placeholder. */
  readonly name: string;
}

export interface AssignRules {
  readonly namespaces: readonly NamespaceRule[];
  /** Globs; absent, every service is included. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** What Kubernetes has, as far as an assignment asks. */
export interface AssignContext {
  hasNamespace(name: string): boolean;
  /** Whether the registry grants the namespace these keys. */
  mayRead(namespace: string, service: FoundService): boolean;
  /** The source that the catalog's own EtcdService of this name has, where it stands already. */
  standingSource(namespace: string, name: string): string | undefined;
  /** The other catalog that has an EtcdService of this name. */
  rival(namespace: string, name: string): string | undefined;
}

/** Why a service is not published; each is counted, and named in a few samples. */
export type LeftOut =
  | 'Excluded'
  | 'NoNamespaceRule'
  | 'NamespaceNotFound'
  | 'InvalidName'
  | 'NameCollision'
  | 'NotGranted';

export interface Assigned {
  readonly namespace: string;
  readonly name: string;
  readonly service: FoundService;
}

export interface Assignment {
  /** Sorted by namespace and name, each once. */
  readonly assigned: readonly Assigned[];
  /** Sorted by source. */
  readonly leftOut: readonly {
    readonly service: FoundService;
    readonly why: LeftOut;
    readonly about: string;
  }[];
}

/**
 * Gives each service its namespace and name. Pure, and the same whatever the order of the services: of several that would get one name in
 * one namespace, the one that stands already stays, else the first by its keys has it.
 */
export function assign(
  services: Iterable<FoundService>,
  rules: AssignRules,
  context: AssignContext,
): Assignment {
  const place = placing(rules, context);
  const leftOut: Assignment['leftOut'][number][] = [];
  const placed: Assigned[] = [];
  for (const service of services) {
    const found = place(service);
    if ('why' in found) {
      leftOut.push({ service, ...found });
    } else {
      placed.push({ ...found, service });
    }
  }
  const rivals = Map.groupBy(placed.sort(bySource), ({ namespace, name }) => `${namespace}/${name}`);
  const assigned: Assigned[] = [];
  for (const [id, claimants] of [...rivals].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const winner = claimants.find((one) => isStanding(one, context)) ?? claimants[0];
    for (const rival of claimants) {
      if (rival === winner) {
        assigned.push(rival);
      } else {
        leftOut.push({ service: rival.service, why: 'NameCollision', about: id });
      }
    }
  }
  return { assigned, leftOut: leftOut.sort(bySource) };
}

type Place =
  | { readonly namespace: string; readonly name: string }
  | { readonly why: LeftOut; readonly about: string };

function placing(rules: AssignRules, context: AssignContext): (service: FoundService) => Place {
  const isIncluded = rules.include === undefined ? () => true : compileGlobs(rules.include);
  const isExcluded = compileGlobs(rules.exclude ?? []);
  return (service) =>
    isIncluded(service.service) && !isExcluded(service.service)
      ? placeOf(service, rules.namespaces, context)
      : { why: 'Excluded', about: service.service };
}

function placeOf(service: FoundService, namespaces: readonly NamespaceRule[], context: AssignContext): Place {
  const rule = namespaces.find(({ match = {} }) =>
    Object.entries(match).every(([name, text]) => textOf(service, name) === text),
  );
  if (rule === undefined) {
    return { why: 'NoNamespaceRule', about: service.service };
  }
  const namespace = rule.name.replace(/\{([^{}]+)\}/g, (_, name: string) => textOf(service, name) ?? '');
  const name = serviceNameFor(service.service);
  if (name === undefined) {
    return { why: 'InvalidName', about: service.service };
  }
  if (service.source.length > longestSource) {
    return { why: 'InvalidName', about: `its keys begin with more than ${longestSource} characters` };
  }
  if (!context.hasNamespace(namespace)) {
    return { why: 'NamespaceNotFound', about: namespace };
  }
  if (!context.mayRead(namespace, service)) {
    return { why: 'NotGranted', about: namespace };
  }
  const rival = context.rival(namespace, name);
  if (rival !== undefined) {
    return { why: 'NameCollision', about: `${namespace}/${name} of EtcdCatalog ${rival}` };
  }
  return { namespace, name };
}

function textOf({ values }: FoundService, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function isStanding({ namespace, name, service }: Assigned, context: AssignContext): boolean {
  return context.standingSource(namespace, name) === service.source;
}

function bySource(a: { readonly service: FoundService }, b: { readonly service: FoundService }): number {
  return a.service.source < b.service.source ? -1 : 1;
}
