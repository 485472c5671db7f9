import { labelValue, type Topology } from '../api/topology.ts';
import { compilePath } from '../formats/path.ts';
import type { Instance } from '../formats/types.ts';

/** What the metadata of an instance says of its zone. */
export type ZoneReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'zone'; readonly zone: string }
  /** It names one, but none that a Node can have. */
  | { readonly kind: 'invalid' };

export type ZoneReader = (instance: Instance) => ZoneReading;

const longestZone = 63;

const readsNone: ZoneReader = () => ({ kind: 'none' });

/** Compiles `spec.topology.zone` once for many instances. */
export function compileZone(zone: Topology['zone']): ZoneReader {
  if (zone === undefined) {
    return readsNone;
  }
  const pointed = compilePath(zone.path);
  const { values = {} } = zone;
  return ({ metadata }) => {
    const said = pointed(metadata);
    if (typeof said !== 'string' || said === '') {
      return { kind: 'none' };
    }
    const name = Object.hasOwn(values, said) ? (values[said] ?? said) : said;
    return name.length <= longestZone && labelValue.test(name)
      ? { kind: 'zone', zone: name }
      : { kind: 'invalid' };
  };
}
