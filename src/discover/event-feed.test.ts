import { describe, expect, it } from 'vitest';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Change } from '../etcd/types.ts';
import { compileReader } from '../formats/read.ts';
import { EventFeed } from './event-feed.ts';
import { Roster } from './roster.ts';

const prefix = '/service/batman';
const read = compileReader({ prefix, separator: '/', format: 'patroni' }, { maxValueBytes: 1000 });

/** One revision of etcd: values by key below the prefix, undefined for a key that is deleted. */
function changesOf(revision: number, values: Readonly<Record<string, string | undefined>>): Change[] {
  return Object.entries(values).map(([below, value]) => {
    const key = keyOf(`${prefix}/${below}`);
    const times = { createRevision: 1, modRevision: revision, lease: '0' };
    const registration = value === undefined ? undefined : { key, value: bytesOf(value), ...times };
    return { key, registration, revision };
  });
}

const cluster = {
  'members/pg-0': '{"conn_url":"postgres://10.0.0.1:5432/postgres","state":"running"}',
  'members/pg-1': '{"conn_url":"postgres://10.0.0.2:5432/postgres","state":"running"}',
};

/** What is told: the key below the prefix, the revision and the addresses. */
function* told(feed: EventFeed): Generator<string> {
  for (let event = feed.next(); event !== undefined; event = feed.next()) {
    if (event.type === 'put') {
      const addresses = event.instances.map(({ address }) => address);
      yield [event.revision, event.key.slice(prefix.length + 1), ...addresses].join(' ');
    }
  }
}

describe('the events of keys that others decide about', () => {
  it('come again when what decides about them changes, at that revision', () => {
    const feed = new EventFeed(read);
    feed.changed(changesOf(1, { leader: 'pg-0', ...cluster }));
    expect([...told(feed)]).toEqual(['1 leader', '1 members/pg-0 10.0.0.1', '1 members/pg-1']);
    feed.changed(changesOf(2, { leader: 'pg-1' }));
    expect([...told(feed)]).toEqual(['2 leader', '2 members/pg-0', '2 members/pg-1 10.0.0.2']);
    feed.changed(changesOf(3, { 'members/pg-1': undefined }));
    feed.changed(changesOf(4, { leader: 'pg-0' }));
    expect([...told(feed)]).toEqual(['4 leader', '4 members/pg-0 10.0.0.1']);
  });
});

describe('the roster of keys that others decide about', () => {
  const addresses = (roster: Roster): string[] =>
    roster.registrations.flatMap(({ items }) =>
      items.flatMap((item) => (item.kind === 'instance' ? [item.instance.address] : [])),
    );

  it('is as what decides about them says now, in whatever order they are listed', () => {
    const roster = new Roster(read);
    roster.apply(changesOf(1, { ...cluster, leader: 'pg-0' }));
    expect(addresses(roster)).toEqual(['10.0.0.1']);
    roster.apply(changesOf(2, { leader: 'pg-1' }));
    expect(addresses(roster)).toEqual(['10.0.0.2']);
    roster.apply(changesOf(3, { leader: undefined }));
    expect(addresses(roster)).toEqual([]);
  });
});
