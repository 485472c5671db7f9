import { json } from './json.ts';
import { beginsLikeJson } from './json-value.ts';
import { plain } from './plain.ts';
import { rejected } from './rejection.ts';
import type { Entry, EntryReader, Format, Look, Reading } from './types.ts';
import { cannotWrite } from './writing.ts';

interface Candidate {
  readonly recognises: (entry: Entry) => boolean;
  readonly read: EntryReader;
}

/**
 * Finds the format of each registration by itself. A format that recognises an entry comes before `json` by the common names and `plain`;
 * where two of all these read different addresses, there is nothing to choose by.
 */
export function autoOf(formats: readonly Format<unknown>[]): Format {
  return {
    name: 'auto',
    summary:
      'Decides for each registration. A format that recognises what its framework always writes reads it; else what begins like a JSON object, list or text is read as `json` by the common names, all else as `plain`.',
    key: 'any',
    value: 'any of the others',
    example: plain.example,
    traps:
      'Where two formats read different addresses in a registration, it is rejected, and both are named.',
    compile: () => compileAuto(formats),
    write: cannotWrite('it only reads; name the format that is to be written'),
  };
}

function compileAuto(formats: readonly Format<unknown>[]): EntryReader {
  const candidates = formats.flatMap(({ recognises, compile }): readonly Candidate[] =>
    recognises === undefined ? [] : [{ recognises, read: compile(undefined) }],
  );
  const readJson = json.compile(undefined);
  const readPlain = plain.compile(undefined);
  const readCommon = (entry: Entry, look: Look): Reading =>
    (beginsLikeJson(entry.value) ? readJson : readPlain)(entry, look);
  return (entry, look) => {
    const recognised = candidates.filter(({ recognises }) => recognises(entry));
    if (recognised.length === 0) {
      return readCommon(entry, look);
    }
    const readings = recognised.map(({ read }) => read(entry, look));
    // The key stands in for an address only where nothing else is known of the value.
    return choose(readings, readCommon({ ...entry, lastPart: '' }, look));
  };
}

/** The first reading with an instance, unless another one has other addresses or ports; without any, the first that there is. */
function choose(recognised: readonly Reading[], common: Reading): Reading {
  const [found = recognised[0] ?? common] = recognised.filter(hasInstance);
  if (!hasInstance(found)) {
    return found;
  }
  const placesFound = placesOf(found);
  const other = [...recognised, common].find(
    (one) => one !== found && hasInstance(one) && !agree(placesFound, placesOf(one)),
  );
  if (other === undefined) {
    return found;
  }
  const message = `${found.format} and ${other.format} read different addresses or ports in it: name the format`;
  return { format: undefined, items: [rejected('AmbiguousFormat', message)] };
}

/** Where a reading sends clients: its addresses, and each address with each of its ports. */
interface Places {
  readonly addresses: ReadonlySet<string>;
  readonly ports: ReadonlySet<string>;
}

function hasInstance({ items }: Reading): boolean {
  return items.some(({ kind }) => kind === 'instance');
}

function placesOf({ items }: Reading): Places {
  const instances = items.flatMap((item) => (item.kind === 'instance' ? [item.instance] : []));
  return {
    addresses: new Set(instances.map(({ address }) => address)),
    ports: new Set(
      instances.flatMap(({ address, ports }) => Object.values(ports).map((port) => `${address} ${port}`)),
    ),
  };
}

/** Whether two readings name the same addresses, and one of them no port that the other lacks: it may know fewer ports. */
function agree(one: Places, other: Places): boolean {
  const haveSameAddresses = one.addresses.symmetricDifference(other.addresses).size === 0;
  return haveSameAddresses && (one.ports.isSubsetOf(other.ports) || other.ports.isSubsetOf(one.ports));
}
