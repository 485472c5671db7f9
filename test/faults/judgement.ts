import type { AuditedWrite } from '../kit/audit.ts';
import { marginMs } from '../kit/eventually.ts';
import type { Hold, Kind, Publication } from './published.ts';
import type { Life } from './registered.ts';

/** A time in which a fault was at work, in milliseconds since 1970. */
export interface Trouble {
  readonly name: string;
  readonly from: number;
  to: number;
}

/** What lives so long without any fault has to be published, in milliseconds. */
const longEnoughMs = 10_000 + marginMs;

/** What was seen of one run. */
export interface Observed {
  readonly lives: readonly Life[];
  readonly publications: readonly Publication[];
  readonly holds: readonly Hold[];
  readonly troubles: readonly Trouble[];
  /** When everything was there, in milliseconds since 1970: what was registered before says nothing of how long a publication takes. */
  readonly since: number;
  /** How long after a fault its consequences may last, in milliseconds: a lease has run out, a watch has been left, and all that waited is done. */
  readonly aftermathMs: number;
}

/** What was published that the registry's history does not bear out, in words; each list is to be empty. */
export interface Judgement {
  /** Removals of what was registered all the time. */
  readonly wrongRemovals: readonly string[];
  /** Additions of what had never been registered. */
  readonly inventions: readonly string[];
  /**
   * Additions of what had been published before and registered only once, other than what a hold has put back, and what an object of the other kind has
   * published all the time: a leader that dies between the two leaves them unlike, and the next one makes them alike before it lets anything go.
   */
  readonly repeats: readonly string[];
  /** Additions of what a key announced before something that was already published of it, other than what a hold has put back. */
  readonly outOfOrder: readonly string[];
  /** What lived for long, while all was well, and was never published. */
  readonly lost: readonly string[];
  /** From the writing of a registration to its publication while no fault was at work, in milliseconds. */
  readonly latencies: readonly number[];
}

/** Compares what was registered with what was published in objects of one kind. Pure. */
export function judgePublications(kind: Kind, observed: Observed): Judgement {
  const { lives, publications, holds, since } = observed;
  const livesOf = Map.groupBy(lives, ({ service, address }) => `${service} ${address}`);
  const own = publications.filter((one) => one.kind === kind);
  const added = own.filter((one) => one.added);
  const ofPublication = ({ service, address }: Publication): readonly Life[] =>
    livesOf.get(`${service} ${address}`) ?? [];
  const firstAdded = new Map<Life, Publication>();
  for (const one of added) {
    const [life] = ofPublication(one);
    if (life !== undefined && !firstAdded.has(life)) {
      firstAdded.set(life, one);
    }
  }
  // What a restore has brought back lives more than once, and which life an addition is of cannot be told.
  const onlyLives = new Set([...livesOf.values()].filter((all) => all.length === 1).flat());
  const quiet = lives.filter((life) => {
    const until = firstAdded.get(life)?.at ?? life.seenAt + longEnoughMs;
    const lived = (life.endedAt ?? Number.POSITIVE_INFINITY) >= until;
    return lived && life.sentAt >= since && isQuiet(observed, life.sentAt, until);
  });
  return {
    wrongRemovals: own
      .filter(
        (one) => !one.added && ofPublication(one).length === 1 && isAlive(ofPublication(one)[0], one.at),
      )
      .map(describe),
    inventions: added
      .filter((one) => !ofPublication(one).some(({ sentAt }) => sentAt <= one.at))
      .map(describe),
    repeats: [...Map.groupBy(added, ({ service, address }) => `${service} ${address}`).values()]
      .flatMap((all) => all.slice(1))
      .filter((one) => ofPublication(one).length === 1)
      .filter((one) => !isHeld(holds, one) && !isInOtherKind(publications, one))
      .map(describe),
    outOfOrder: disordered(firstAdded, holds, onlyLives),
    lost: quiet
      .filter((life) => livesOf.get(`${life.service} ${life.address}`)?.[0] === life && !firstAdded.has(life))
      .map(({ key, address }) => `${key} announced ${address}`),
    latencies: quiet.flatMap((life) => {
      const publication = firstAdded.get(life);
      return publication === undefined ? [] : [publication.at - life.sentAt];
    }),
  };
}

/** Successful writes beyond the revisions of their object: each of these changed nothing. What an apiserver wrote and was killed before it could say so makes up for some. */
export function idleWrites(
  writes: readonly AuditedWrite[],
  revisions: ReadonlyMap<string, number>,
): readonly string[] {
  const done = writes.filter(({ code }) => code < 300);
  const objects = Map.groupBy(done, ({ resource, name }) => `${resource.split('/')[0]} ${name}`);
  return [...objects]
    .filter(([object, all]) => all.length > (revisions.get(object) ?? 0))
    .map(([object, all]) => `${object}: ${all.length} writes, ${revisions.get(object) ?? 0} changes`);
}

/** Writes that took effect, in spite of one of a later term that reached the apiserver before. */
export function lateWrites(writes: readonly AuditedWrite[]): readonly string[] {
  const done = writes.filter(({ term, code }) => term > 0 && code < 300);
  let newest = 0;
  return done
    .toSorted((a, b) => a.receivedAt - b.receivedAt)
    .filter(({ term }) => {
      newest = Math.max(newest, term);
      return term < newest;
    })
    .map(
      ({ verb, resource, name, term, replica }) =>
        `${verb} ${resource} ${name} in term ${term} by ${replica}`,
    );
}

function disordered(
  firstAdded: ReadonlyMap<Life, Publication>,
  holds: readonly Hold[],
  onlyLives: ReadonlySet<Life>,
): readonly string[] {
  const announced = [...firstAdded].filter(
    ([life, publication]) =>
      onlyLives.has(life) && (isAlive(life, publication.at) || !isHeld(holds, publication)),
  );
  const byKey = Map.groupBy(announced, ([{ key, era }]) => `${era} ${key}`);
  return [...byKey.values()].flatMap((entries) =>
    entries
      .filter(([life, publication]) =>
        entries.some(([other, before]) => other.order > life.order && before.revision < publication.revision),
      )
      .map(([life, publication]) => `${life.key}: ${describe(publication)}`),
  );
}

function isAlive(life: Life | undefined, at: number): boolean {
  return life !== undefined && life.sentAt <= at && (life.endedAt === undefined || life.endedAt > at);
}

/** A hold is told before anything is published that follows from it. */
function isHeld(holds: readonly Hold[], { service, at }: Publication): boolean {
  return holds.some((hold) => hold.service === service && hold.from <= at && at <= (hold.to ?? at));
}

/** Whether an object of the other kind has the address at that time. */
function isInOtherKind(publications: readonly Publication[], one: Publication): boolean {
  const last = publications.findLast(
    ({ at, kind, service, address }) =>
      at <= one.at && kind !== one.kind && service === one.service && address === one.address,
  );
  return last?.added === true;
}

function isQuiet({ troubles, aftermathMs }: Observed, from: number, to: number): boolean {
  return troubles.every((trouble) => trouble.from > to || trouble.to + aftermathMs < from);
}

function describe({ at, kind, service, address, added }: Publication): string {
  return `${new Date(at).toISOString()} ${kind} ${service} ${added ? '+' : '-'}${address}`;
}
