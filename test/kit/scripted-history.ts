import type { WireEvent, WireKeyValue } from './etcd-wire.ts';

/** A write of a scripted revision: a value is put, none deletes the key. One char per byte. */
export interface ScriptedWrite {
  readonly key: string;
  readonly value?: string;
}

/** A range as requests carry it: an empty end is the one key, an end of one zero byte is open. */
export interface WireRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** The linear history of a scripted etcd. */
export class ScriptedHistory {
  /** The newest revision; it can be set, also backwards. */
  revision = 1;
  readonly #events: WireEvent[] = [];

  /** Adds one revision of these writes and returns its events. */
  commit(writes: readonly ScriptedWrite[]): readonly WireEvent[] {
    this.revision += 1;
    const events = writes.map((write) => eventOf(write, this.revision));
    this.#events.push(...events);
    return events;
  }

  forget(): void {
    this.#events.length = 0;
  }

  /** Events in the range from that revision on. */
  from(revision: number, range: WireRange): readonly WireEvent[] {
    return this.#events.filter(({ kv }) => Number(kv.mod_revision) >= revision && inRange(range, kv.key));
  }

  /** What the range held at that revision, in the order of its keys. */
  contentAt(revision: number, range: WireRange): readonly WireKeyValue[] {
    const content = new Map<string, WireKeyValue>();
    for (const { type, kv } of this.from(0, range)) {
      if (Number(kv.mod_revision) <= revision) {
        content.delete(kv.key.toString('latin1'));
      }
      if (Number(kv.mod_revision) <= revision && type === 'Put') {
        content.set(kv.key.toString('latin1'), kv);
      }
    }
    return [...content.values()].sort((a, b) => a.key.compare(b.key));
  }
}

export function inRange(range: WireRange, key: Buffer): boolean {
  if (range.range_end.length === 0) {
    return key.equals(range.key);
  }
  const open = range.range_end.equals(Buffer.from([0]));
  return key.compare(range.key) >= 0 && (open || key.compare(range.range_end) < 0);
}

function eventOf({ key, value }: ScriptedWrite, revision: number): WireEvent {
  return {
    type: value === undefined ? 'Delete' : 'Put',
    kv: {
      key: Buffer.from(key, 'latin1'),
      value: Buffer.from(value ?? '', 'latin1'),
      create_revision: String(revision),
      mod_revision: String(revision),
      version: '1',
      lease: '0',
    },
  };
}
