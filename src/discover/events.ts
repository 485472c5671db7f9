/** What `discover` says of each change: objects for programs, one a line, and the same in words. */
import { bufferOf, textOf } from '../etcd/bytes.ts';
import type { Key, Revision } from '../etcd/types.ts';
import type { Instance } from '../formats/types.ts';
import { type Discovered, keyName, leaseName } from './discovered.ts';
import { instanceText } from './item-text.ts';
import { printable } from './terminal-text.ts';

/** A key in an object; `keyBase64` has its bytes where they are not UTF-8, and `key` shows them escaped. */
interface KeyField {
  readonly key: string;
  readonly keyBase64?: string;
}

/** A registration that is there: listed at first, new, or changed. */
export interface PutEvent extends KeyField {
  readonly type: 'put';
  /** Of etcd, after this event; it never goes back. */
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Lease id in hexadecimal, as etcdctl prints it; null without a lease. */
  readonly lease: string | null;
  /** The format that read it; null where none could. */
  readonly format: string | null;
  readonly instances: readonly Instance[];
  readonly rejected: readonly { readonly reason: string; readonly message: string }[];
  /** Parts of the registration that are no instances and are meant to be none. */
  readonly ignored: number;
}

export interface DeleteEvent extends KeyField {
  readonly type: 'delete';
  readonly revision: Revision;
}

/** The first list is complete: all that comes is news. */
export interface SyncedEvent {
  readonly type: 'synced';
  readonly revision: Revision;
  readonly keys: number;
}

/** The reader was too slow for every event: so many are left out, each followed by a later one of the same key. */
export interface MergedEvent {
  readonly type: 'merged';
  readonly events: number;
}

/** The time that remains to a registration, unless its lease is renewed. */
export interface LeaseEvent extends KeyField {
  readonly type: 'lease';
  readonly lease: string;
  readonly grantedSeconds: number;
  readonly remainingSeconds: number;
}

/** A level of the key hierarchy as it is from now on. */
export interface LevelEvent {
  readonly type: 'level';
  readonly revision: Revision;
  /** The prefix that the level is, with its separator, or the whole key of a registration. */
  readonly key: string;
  readonly registration: boolean;
  readonly state: 'up' | 'partly' | 'down' | 'gone';
  readonly up: number;
  readonly of: number;
}

export type DiscoverEvent = PutEvent | DeleteEvent | SyncedEvent | MergedEvent | LeaseEvent | LevelEvent;

/** The event for a key: `discovered` is undefined where it is gone. */
export function keyEvent(
  key: Key,
  discovered: Discovered | undefined,
  revision: Revision,
): PutEvent | DeleteEvent {
  if (discovered === undefined) {
    return { type: 'delete', revision, ...keyField(key) };
  }
  const { createRevision, modRevision, lease, format, items } = discovered;
  return {
    type: 'put',
    revision,
    ...keyField(key),
    createRevision,
    modRevision,
    lease: leaseName(lease) ?? null,
    format: format ?? null,
    instances: items.flatMap((item) => (item.kind === 'instance' ? [item.instance] : [])),
    rejected: items.flatMap((item) =>
      item.kind === 'rejected' ? [{ reason: item.reason, message: item.message }] : [],
    ),
    ignored: items.filter((item) => item.kind === 'ignored').length,
  };
}

export function keyField(key: Key): KeyField {
  const isText = textOf(key) !== undefined;
  return { key: keyName(key), ...(!isText && { keyBase64: bufferOf(key).toString('base64') }) };
}

/** The event as a line of JSON. What a terminal would act on is escaped here too: somebody may look at it. */
export function jsonLine(event: DiscoverEvent): string {
  return `${JSON.stringify(event).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits)}\n`;
}

/** The event as a line for people, beginning with its revision. */
export function textLine(event: DiscoverEvent): string {
  return `${printable(words(event).join(' '))}\n`;
}

function words(event: DiscoverEvent): readonly (string | number)[] {
  switch (event.type) {
    case 'put':
      return [event.revision, 'put', event.key, itemsText(event)];
    case 'delete':
      return [event.revision, 'delete', event.key];
    case 'synced':
      return [event.revision, 'synced', event.keys === 1 ? '1 key' : `${event.keys} keys`];
    case 'merged':
      return ['-', 'merged', `${event.events} events, each followed by a later one of its key`];
    case 'lease':
      return [
        '-',
        'lease',
        event.key,
        `${event.lease} ${event.remainingSeconds} of ${event.grantedSeconds} s`,
      ];
    case 'level':
      return [event.revision, 'level', event.key, levelText(event)];
  }
}

function itemsText({ instances, rejected, ignored }: PutEvent): string {
  return [
    ...instances.map((instance) => `${instanceText(instance)} ${instance.ready ? 'ready' : 'not ready'}`),
    ...rejected.map(({ reason, message }) => `rejected ${reason}: ${message}`),
    ...(ignored > 0 ? ['ignored'] : []),
  ].join('; ');
}

function levelText({ state, up, of }: LevelEvent): string {
  if (state === 'gone') {
    return state;
  }
  return `${state === 'partly' ? 'partly up' : state} ${up}/${of}`;
}

function escapeUnits(char: string): string {
  const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
