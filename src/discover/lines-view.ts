import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { RegistrationReader } from '../formats/read.ts';
import type { Source } from '../formats/source.ts';
import { EventFeed } from './event-feed.ts';
import type { DiscoverEvent } from './events.ts';
import type { LeaseBook } from './lease-book.ts';
import { LevelFeed } from './level-feed.ts';
import { LineWriter } from './line-writer.ts';
import { Roster } from './roster.ts';
import { Throttle } from './throttle.ts';
import { treeOf } from './tree.ts';
import type { View } from './view.ts';

/** Levels are told together when they change within so short a time: one registration changes all levels above it. */
const levelsEveryMs = 100;

export interface LinesDeps {
  readonly out: Writable;
  /** How an event becomes a line, with its break. */
  readonly lineOf: (event: DiscoverEvent) => string;
  readonly read: RegistrationReader;
}

/** Says every change on a line, and what etcd answers about leases where their book is given. */
export function eventsView({ out, lineOf, read }: LinesDeps, leases: LeaseBook | undefined): View {
  const feed = new EventFeed(read);
  const writer = new LineWriter(out, () => lineOrNone(feed.next(), lineOf));
  return {
    changed(changes) {
      leases?.apply(changes);
      feed.changed(changes);
      writer.wake();
    },
    synced({ revision, registrations }) {
      feed.synced(revision, registrations.size);
      writer.wake();
      leases?.start((lease, keys, time) => {
        feed.leaseAnswered(lease, keys, time);
        writer.wake();
      });
    },
    trouble() {},
    async close(signal) {
      await leases?.close();
      await writer.close(signal);
    },
  };
}

/** Says on a line which level of the key hierarchy has another state or number. */
export function levelsView(
  { out, lineOf, read }: LinesDeps,
  { source, clock }: { readonly source: Source; readonly clock: Clock },
): View {
  const roster = new Roster(read);
  const feed = new LevelFeed();
  let isStale = false;
  const nextLine = (): string | undefined => {
    const event = feed.next();
    if (event === undefined && isStale) {
      throttle.request();
    }
    return lineOrNone(event, lineOf);
  };
  const writer = new LineWriter(out, nextLine);
  const show = (): void => {
    if (!feed.isEmpty) {
      return;
    }
    isStale = false;
    feed.show(treeOf(roster.registrations, source), roster.revision);
    writer.wake();
  };
  const throttle = new Throttle(clock, levelsEveryMs, show);
  let isSynced = false;
  return {
    changed(changes) {
      roster.apply(changes);
      isStale = true;
      if (isSynced) {
        throttle.request();
      }
    },
    synced({ revision, registrations }) {
      isSynced = true;
      isStale = false;
      feed.show(treeOf(roster.registrations, source), revision);
      feed.synced(revision, registrations.size);
      writer.wake();
    },
    trouble() {},
    async close(signal) {
      throttle.close();
      await writer.close(signal);
    },
  };
}

function lineOrNone(event: DiscoverEvent | undefined, lineOf: LinesDeps['lineOf']): string | undefined {
  return event === undefined ? undefined : lineOf(event);
}
