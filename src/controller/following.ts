import { familiesOf } from '../endpoints/families.ts';
import { compileFilter } from '../endpoints/filter.ts';
import { isHeadless } from '../endpoints/plan-service.ts';
import type { ServicePort } from '../endpoints/types.ts';
import { compileZone } from '../endpoints/zone.ts';
import { formatBlocks } from '../formats/formats.ts';
import { compileReader } from '../formats/read.ts';
import { rangeOf } from '../formats/source.ts';
import type { Service } from '../kube/resources.ts';
import type { Claim } from './claim.ts';
import type { Following } from './subscription.ts';

/** The Service that is filled: its ports, and the object as far as it stands. */
export interface Filled {
  readonly ports: readonly ServicePort[];
  readonly service: Service | undefined;
}

/** What an EtcdService follows, and how that is read and published for its Service. */
export function followingOf({ spec }: Claim, { ports, service }: Filled, maxValueBytes: number): Following {
  const { prefix, key, separator, layout, format, filter, topology } = spec;
  const families = familiesOf(service);
  const headless = service === undefined ? spec.service.type === 'Headless' : isHeadless(service);
  const options = format in formatBlocks ? spec[format as keyof typeof formatBlocks] : undefined;
  const reading = [prefix, key, separator, layout, format, options];
  return {
    range: rangeOf(spec),
    rulesId: JSON.stringify([...reading, filter, topology, ports, families, headless]),
    rules: () => {
      const isFiltered = compileFilter(filter);
      return {
        read: compileReader(spec, { maxValueBytes }),
        publishing: {
          ports,
          families,
          headless,
          zoneHints: topology?.hints === 'Zone',
          zoneOf: compileZone(topology?.zone),
          admits: (instance) => isFiltered(instance) === undefined,
        },
      };
    },
  };
}
