import { belowOf, fullPrefix, type Source } from '../formats/source.ts';
import type { Item } from '../formats/types.ts';
import { type Discovered, keyName } from './discovered.ts';

/** Deeper keys are one level with what is left of them: a key may be a megabyte of separators. */
const mostLevels = 64;

export type LevelState = 'up' | 'partly' | 'down';

/** A level of the key hierarchy: a registration, or what all that lies below it sums up to. */
export interface Level {
  /** The part of the key that leads here; `.` for a registration at a key that has others below it. */
  readonly name: string;
  /** The key; it ends in a separator where there are levels below. */
  readonly key: string;
  /** Instances that are ready, of all that are announced; a rejected one is announced and never ready. */
  readonly up: number;
  readonly of: number;
  readonly state: LevelState;
  /** In the order of their names. */
  readonly children: readonly Level[];
  /** What is registered here, where this is a registration. */
  readonly registration: Discovered | undefined;
}

/** A level while it is being filled. */
interface Branch {
  readonly own: Discovered[];
  readonly children: Map<string, Branch>;
}

/**
 * The hierarchy below a prefix. An instance is up when it is ready. A level is up when all below it are, down when none is, and partly up between; a
 * key that is both a registration and the parent of others counts as one more child of that level. What is no instance (ignored) does not count.
 */
export function treeOf(registrations: readonly Discovered[], source: Source): Level {
  const root: Branch = { own: [], children: new Map() };
  for (const registration of registrations) {
    if (registration.items.some(isAnnounced)) {
      plant(root, registration, source);
    }
  }
  const prefix = fullPrefix(source);
  return levelOf(root, { name: prefix, key: prefix, separator: source.separator });
}

/** Every level from this one down, in the order in which it is shown. */
export function* levelsOf(level: Level): Generator<Level> {
  yield level;
  for (const child of level.children) {
    yield* levelsOf(child);
  }
}

function plant(root: Branch, registration: Discovered, source: Source): void {
  let branch = root;
  for (const part of partsOf(registration, source)) {
    const next = branch.children.get(part) ?? { own: [], children: new Map() };
    branch.children.set(part, next);
    branch = next;
  }
  branch.own.push(registration);
}

/** A separator at the end of a key leads to no further level. */
function partsOf({ key }: Discovered, source: Source): readonly string[] {
  const { separator } = source;
  const parts = belowOf(source, keyName(key)).split(separator);
  const named = parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  return named.length <= mostLevels
    ? named
    : [...named.slice(0, mostLevels - 1), named.slice(mostLevels - 1).join(separator)];
}

interface Place {
  readonly name: string;
  readonly key: string;
  readonly separator: string;
}

function levelOf(branch: Branch, { name, key, separator }: Place): Level {
  const own = branch.own.map((registration) => leafOf(registration, '.'));
  const below = [...branch.children]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([part, child]) => childOf(child, { name: part, key: key + part, separator }));
  return { name, key, ...sumOf([...own, ...below]), children: [...own, ...below], registration: undefined };
}

function childOf(branch: Branch, place: Place): Level {
  const [only, ...others] = branch.own;
  if (only !== undefined && others.length === 0 && branch.children.size === 0) {
    return leafOf(only, place.name);
  }
  const { name, key, separator } = place;
  return levelOf(branch, { name: name + separator, key: key + separator, separator });
}

function leafOf(registration: Discovered, name: string): Level {
  const announced = registration.items.filter(isAnnounced);
  const up = announced.filter((item) => item.kind === 'instance' && item.instance.ready).length;
  const key = keyName(registration.key);
  return { name, key, ...stated(up, announced.length), children: [], registration };
}

function sumOf(levels: readonly Level[]): Pick<Level, 'up' | 'of' | 'state'> {
  const up = levels.reduce((sum, level) => sum + level.up, 0);
  return stated(
    up,
    levels.reduce((sum, level) => sum + level.of, 0),
  );
}

function stated(up: number, of: number): Pick<Level, 'up' | 'of' | 'state'> {
  if (up === 0) {
    return { up, of, state: 'down' };
  }
  return { up, of, state: up === of ? 'up' : 'partly' };
}

function isAnnounced(item: Item): boolean {
  return item.kind !== 'ignored';
}
