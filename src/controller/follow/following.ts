import { familiesOf } from '../../endpoints/families.ts';
import { compileFilter, type InstanceFilter } from '../../endpoints/filter.ts';
import { compileMarks } from '../../endpoints/instance-marks.ts';
import { isHeadless } from '../../endpoints/plan-service.ts';
import type { PublishingRules } from '../../endpoints/resolve.ts';
import type { ServicePort } from '../../endpoints/types.ts';
import { compileZone, type ZoneReader } from '../../endpoints/zone.ts';
import { formatBlocks } from '../../formats/formats.ts';
import { compileReader } from '../../formats/read.ts';
import { belowRoot, rangeOf } from '../../formats/source.ts';
import type { Service } from '../../kube/resources.ts';
import type { ZoneOf } from '../../registries/zones.ts';
import type { Claim } from '../claims/claim.ts';
import type { RegistryUse } from '../registries/registries.ts';
import type { Following } from './subscription.ts';

/** The Service that is filled: its ports, and the object as far as it stands. */
export interface Filled {
  readonly ports: readonly ServicePort[];
  /** Names of ports that registrations announce and the Service cannot have. */
  readonly leftOut: number;
  readonly service: Service | undefined;
}

/** What an EtcdService follows, and how that is read and published for its Service. */
export function followingOf(
  { spec }: Pick<Claim, 'spec'>,
  { ports, leftOut, service }: Filled,
  registry: RegistryUse,
  maxValueBytes: number,
): Following {
  const { root } = registry;
  const { prefix, key, separator, layout, format, filter, topology, slices } = spec;
  const families = familiesOf(service);
  const headless = service === undefined ? spec.service.type === 'Headless' : isHeadless(service);
  const options = format in formatBlocks ? spec[format as keyof typeof formatBlocks] : undefined;
  const reading = [prefix, key, separator, layout, format, options];
  return {
    source: registry.source,
    range: rangeOf(belowRoot(root, spec)),
    rulesId: JSON.stringify([
      ...reading,
      filter,
      topology,
      slices,
      ports,
      leftOut,
      families,
      headless,
      registry.rulesId,
    ]),
    rules: () => {
      const { refuses, zoneOf } = registry.rules();
      return {
        read: compileReader({ ...spec, root }, { maxValueBytes }),
        publishing: {
          ports,
          portsLeftOut: leftOut,
          families,
          headless,
          zoneHints: topology?.hints === 'Zone',
          zoneOf: orByAddress(compileZone(topology?.zone), zoneOf),
          marksOf: compileMarks(slices),
          admits: keptBy(compileFilter(filter)),
          refuses,
        },
      };
    },
  };
}

/** By itself, so that it remembers the filter alone. */
function keptBy(filter: InstanceFilter): PublishingRules['admits'] {
  return (instance) => filter(instance) === undefined;
}

/** The zone that a registration names, else that of its address. */
function orByAddress(read: ZoneReader, zoneOf: ZoneOf): ZoneReader {
  return (instance) => {
    const reading = read(instance);
    const zone = reading.kind === 'none' ? zoneOf(instance.address) : undefined;
    return zone === undefined ? reading : { kind: 'zone', zone };
  };
}
