import { describe, expect, it } from 'vitest';
import { instance, isIgnored, readAll, refused } from '../../test/kit/read-items.ts';
import type { Item } from './types.ts';

const scope = '/service/batman';

interface Member {
  readonly host?: string;
  readonly role?: string;
  readonly state?: string;
  readonly tags?: object;
}

function member({ host = '172.18.0.8', role = 'replica', state = 'running', tags }: Member): string {
  return JSON.stringify({
    conn_url: `postgres://${host}:5432/postgres`,
    api_url: `http://${host}:8008/patroni`,
    state,
    role,
    version: '4.0.7',
    timeline: 1,
    ...(tags && { tags }),
  });
}

const members = {
  [`${scope}/members/pg-0`]: member({ host: '172.18.0.8', role: 'primary' }),
  [`${scope}/members/pg-1`]: member({ host: '172.18.0.9' }),
};

const others = {
  [`${scope}/config`]: '{"ttl":30,"loop_wait":10}',
  [`${scope}/failover`]: '{"leader":"pg-0","member":"pg-1"}',
  [`${scope}/history`]: '[[1,50331648,"no recovery target specified"]]',
  [`${scope}/initialize`]: '7587862072904530947',
  [`${scope}/leader`]: 'pg-0',
  [`${scope}/optime/leader`]: '67108960',
  [`${scope}/status`]: '{"optime":67108960}',
  [`${scope}/sync`]: '{"leader":"pg-0","sync_standby":null}',
};

type Role = 'Primary' | 'Replica' | 'Any';

/** The item of each member, by name. */
function itemsBy(
  role: Role | undefined,
  registrations: Readonly<Record<string, string>>,
  prefix = scope,
): Readonly<Record<string, Item | undefined>> {
  const options = role === undefined ? {} : { patroni: { role } };
  const read = readAll({ prefix, format: 'patroni', ...options }, registrations);
  return Object.fromEntries(
    Object.entries(read)
      .filter(([key]) => key.includes('/members/'))
      .map(([key, { items }]) => [key.slice(key.lastIndexOf('/') + 1), items[0]]),
  );
}

const postgres = (host: string, name: string, role: string, more = {}, ready = true) =>
  instance(host, { postgres: 5432 }, { member: name, role, version: '4.0.7', ...more }, ready);
const primary = postgres('172.18.0.8', 'pg-0', 'primary');
const replica = postgres('172.18.0.9', 'pg-1', 'replica');

describe('patroni', () => {
  it('takes the member that the leader key names for the primary', () => {
    expect(itemsBy('Primary', { ...members, ...others })).toEqual({ 'pg-0': primary, 'pg-1': isIgnored });
  });

  it('asks for the primary where nothing else is asked for', () => {
    expect(itemsBy(undefined, { ...members, ...others })).toEqual({ 'pg-0': primary, 'pg-1': isIgnored });
  });

  it('takes the other members for replicas', () => {
    expect(itemsBy('Replica', { ...members, ...others })).toEqual({ 'pg-0': isIgnored, 'pg-1': replica });
  });

  it('takes all members where any will do, and says who is what', () => {
    expect(itemsBy('Any', { ...members, ...others })).toEqual({ 'pg-0': primary, 'pg-1': replica });
  });

  it('believes the leader key, not what members write of themselves later', () => {
    const moved = { ...members, [`${scope}/leader`]: 'pg-1' };
    expect(itemsBy('Primary', moved)).toEqual({
      'pg-0': isIgnored,
      'pg-1': postgres('172.18.0.9', 'pg-1', 'primary'),
    });
    expect(itemsBy('Replica', moved)).toEqual({
      'pg-0': postgres('172.18.0.8', 'pg-0', 'replica'),
      'pg-1': isIgnored,
    });
  });

  it.each([
    ['is gone', {}],
    ['names nobody who is there', { [`${scope}/leader`]: 'pg-7' }],
  ])('knows no primary while the leader key %s', (_, leader) => {
    expect(itemsBy('Primary', { ...members, ...leader })).toEqual({ 'pg-0': isIgnored, 'pg-1': isIgnored });
  });

  it('ignores every other key of the scope', () => {
    const read = readAll({ prefix: scope, format: 'patroni' }, { ...members, ...others });
    for (const key of Object.keys(others)) {
      expect(read[key]).toEqual({ format: 'patroni', items: [isIgnored] });
    }
  });

  it.each(['stopped', 'starting', 'creating replica', 'start failed'])(
    'has a replica that is %s as not ready',
    (state) => {
      const key = `${scope}/members/pg-1`;
      const registrations = { ...members, ...others, [key]: member({ host: '172.18.0.9', state }) };
      expect(itemsBy('Replica', registrations)['pg-1']).toEqual(
        postgres('172.18.0.9', 'pg-1', 'replica', {}, false),
      );
    },
  );

  it('has the primary as ready whatever it says of itself', () => {
    const starting = {
      [`${scope}/members/pg-0`]: member({ state: 'starting' }),
      [`${scope}/leader`]: 'pg-0',
    };
    expect(itemsBy('Primary', starting)['pg-0']).toEqual(primary);
  });

  it('has a replica without clients as not ready, and tags as metadata', () => {
    const tags = { noloadbalance: true, zone: 'a' };
    const registrations = { ...others, [`${scope}/members/pg-1`]: member({ host: '172.18.0.9', tags }) };
    const more = { noloadbalance: 'true', zone: 'a' };
    expect(itemsBy('Replica', registrations)['pg-1']).toEqual(
      postgres('172.18.0.9', 'pg-1', 'replica', more, false),
    );
  });

  it('reads each group of Citus by its own leader', () => {
    const registrations = {
      '/service/demo/0/leader': 'c-0',
      '/service/demo/0/members/c-0': member({ host: '10.0.0.1' }),
      '/service/demo/1/leader': 'w-0',
      '/service/demo/1/members/w-0': member({ host: '10.0.0.2' }),
      '/service/demo/1/members/w-1': member({ host: '10.0.0.3' }),
    };
    expect(itemsBy('Primary', registrations, '/service/demo')).toEqual({
      'c-0': postgres('10.0.0.1', 'c-0', 'primary'),
      'w-0': postgres('10.0.0.2', 'w-0', 'primary'),
      'w-1': isIgnored,
    });
  });

  it('refuses members whose leader key lies outside of the prefix, and says so', () => {
    expect(itemsBy('Any', members, `${scope}/members`)).toEqual({
      'pg-0': refused('InvalidKey', expect.stringContaining('the leader key is not below the prefix')),
      'pg-1': refused('InvalidKey'),
    });
  });

  it.each([
    ['no conn_url', '{"state":"running"}', 'NoAddress'],
    ['a host name', member({ host: 'pg-0.example.org' }), 'HostName'],
    ['IPv6 without brackets', member({ host: 'fd00::5' }), 'Ambiguous'],
    ['no JSON', 'pg-0', 'InvalidSyntax'],
  ])('refuses a member with %s', (_, value, reason) => {
    const registrations = { [`${scope}/leader`]: 'pg-0', [`${scope}/members/pg-0`]: value };
    expect(itemsBy('Primary', registrations)['pg-0']).toEqual(refused(reason));
  });
});
