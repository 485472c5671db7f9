import type { Loss } from './limits.ts';

/** Whose guard holds: that of the whole registry, or that of one EtcdService. */
export type HoldScope = 'Registry' | 'Service';

/** Removals that are held back together: they begin at one moment and end at one. Times in wall-clock milliseconds, whole seconds. */
export interface Hold {
  /** Six letters and digits: what releases it, and no later one. */
  readonly id: string;
  readonly scope: HoldScope;
  readonly startedAt: number;
  readonly until: number;
  /** What started it. */
  readonly loss: Loss;
}

/** A hold as the condition of an EtcdService tells it. */
export interface ShownHold extends Hold {
  /** How many endpoints of the EtcdService are held. */
  readonly held: number;
}

/** Without vowels, so that it spells nothing, and without what looks alike. */
const alphabet = 'bcdfghjkmnpqrstvwxz23456789';
const idLength = 6;

/** Whether a text has the form of a hold's id. */
export function isHoldId(text: string): boolean {
  return text.length === idLength && Array.from(text).every((letter) => alphabet.includes(letter));
}

export interface HoldStart {
  readonly scope: HoldScope;
  readonly loss: Loss;
  readonly holdMs: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** A number from 0 to 1, anew at each call. */
  readonly random: () => number;
}

export function startHold({ scope, loss, holdMs, now, random }: HoldStart): Hold {
  const letter = (): string => alphabet.charAt(Math.floor(random() * alphabet.length));
  const id = Array.from({ length: idLength }, letter).join('');
  // Kubernetes keeps the time of a condition to the second.
  const startedAt = Math.floor(now / 1000) * 1000;
  return { id, scope, startedAt, until: startedAt + Math.ceil(holdMs / 1000) * 1000, loss };
}

/** A hold as a condition tells it, with how many endpoints of the EtcdService are held. {@link parseHold} reads it back. */
export function showHold({ id, scope, until, loss }: Hold, held: number): string {
  const whose = scope === 'Registry' ? 'the registry' : 'this service';
  const end = `${new Date(until).toISOString().slice(0, 19)}Z`;
  return (
    `Hold ${id} until ${end}: ${loss.lost} of ${loss.stood} instances of ${whose} vanished from etcd; ` +
    `${held} of this service stay published`
  );
}

/** Reads what {@link showHold} has written; undefined where it is no such text. `startedAt` stands apart, as the time of the condition. */
export function parseHold(text: string, startedAt: number): ShownHold | undefined {
  const [, id, end = '', lost, stood, whose, held] =
    /^Hold ([a-z0-9]+) until (\S+): (\d+) of (\d+) instances of (the registry|this service) vanished from etcd; (\d+) /.exec(
      text,
    ) ?? [];
  const until = Date.parse(end);
  if (id === undefined || Number.isNaN(until) || Number.isNaN(startedAt)) {
    return undefined;
  }
  const scope = whose === 'the registry' ? 'Registry' : 'Service';
  const loss = { lost: Number(lost), stood: Number(stood) };
  return { id, scope, startedAt, until, loss, held: Number(held) };
}
