import type { Rejection, RejectionReason } from '../formats/rejection.ts';
import type { Instance, Item } from '../formats/types.ts';
import { familyOf } from './families.ts';
import type { MarksReader } from './instance-marks.ts';
import { matchPorts } from './match-ports.ts';
import type { NoticeRules } from './notices.ts';
import type { AddressFamily } from './pack/types.ts';
import type { DesiredEndpoint, Outcome, ServicePort } from './types.ts';
import type { ZoneReader } from './zone.ts';

/** What of a spec and its Service decides how an instance is published. */
export interface PublishingRules extends NoticeRules {
  /** Empty for a headless Service without ports: addresses are published alone. */
  readonly ports: readonly ServicePort[];
  /** Whether the spec's filter lets an instance through. */
  readonly admits: (instance: Instance) => boolean;
  /** The Service's families of addresses; an instance of another one cannot be reached through it. */
  readonly families: readonly AddressFamily[];
  readonly zoneOf: ZoneReader;
  readonly marksOf: MarksReader;
  /** Why nobody may publish an address; undefined where it may be. */
  readonly refuses: (address: string) => Rejection | undefined;
}

/** What becomes of an item: an endpoint for the ports that it has, or the reason why not. */
export function resolveItem(item: Item, publishing: PublishingRules): Outcome {
  if (item.kind !== 'instance') {
    return item;
  }
  const { instance } = item;
  if (!publishing.admits(instance)) {
    return { kind: 'filtered' };
  }
  const refused = publishing.refuses(instance.address);
  if (refused !== undefined) {
    return refused;
  }
  if (!publishing.families.includes(familyOf(instance.address))) {
    return familyNotServed(instance, publishing.families);
  }
  const ports = matchPorts(instance, publishing.ports);
  if (ports.length === 0 && publishing.ports.length > 0) {
    return noPort(instance, publishing.ports);
  }
  const zone = publishing.zoneOf(instance);
  const { flaws, ...marks } = publishing.marksOf(instance);
  const hostname = publishing.headless ? hostnameOf(instance) : undefined;
  const more = {
    ...(zone.kind === 'zone' && { zone: zone.zone }),
    ...(hostname !== undefined && { hostname }),
    ...marks,
  };
  return {
    kind: 'endpoint',
    endpoint: withMore({ address: instance.address, ports, ready: instance.ready }, more),
    partial: ports.length < publishing.ports.length,
    flaws: zone.kind === 'invalid' ? ['InvalidZone', ...flaws] : flaws,
  };
}

/** Mostly there is no more: then nothing has room for it, as there may be a million of them. */
function withMore(endpoint: DesiredEndpoint, more: Partial<DesiredEndpoint>): DesiredEndpoint {
  return Object.keys(more).length === 0 ? endpoint : { ...endpoint, ...more };
}

/**
 * Whether an outcome says that a registration cannot be read, as opposed to one that is read well and cannot be published: what such a one
 * announced before does not stand in for it.
 */
export function isUnreadable(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'rejected' && !unpublishable.has(outcome.reason);
}

const unpublishable: ReadonlySet<RejectionReason> = new Set([
  'FamilyNotServed',
  'InServiceRange',
  'AddressNotGranted',
]);

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The name that DNS gives an instance below its headless Service: its metadata `hostname`, where that is one label as DNS has it. */
function hostnameOf({ metadata }: Instance): string | undefined {
  const hostname = Object.hasOwn(metadata, 'hostname') ? metadata['hostname'] : undefined;
  return hostname !== undefined && dnsLabel.test(hostname) ? hostname : undefined;
}

function familyNotServed({ address }: Instance, families: readonly AddressFamily[]): Outcome {
  return {
    kind: 'rejected',
    reason: 'FamilyNotServed',
    message: `${address} is an ${familyOf(address)} address, but the Service has ${families.join(' and ')} alone`,
  };
}

/** Ports that a message names. */
const maxNamed = 5;

function noPort({ address }: Instance, ports: readonly ServicePort[]): Outcome {
  const named = ports.slice(0, maxNamed).map(({ targetPort }) => targetPort || 'its only port');
  const wanted = [...named, ...(ports.length > maxNamed ? ['…'] : [])].join(', ');
  return {
    kind: 'rejected',
    reason: 'NoPort',
    message: `${address} announces none of the ports asked for (${wanted}); set defaultTargetPort where registrations name none`,
  };
}
