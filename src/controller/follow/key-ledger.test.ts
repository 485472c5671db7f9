import { beforeEach, describe, expect, it } from 'vitest';
import { plainRules } from '../../../test/kit/publishing-rules.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import { bytesOf } from '../../etcd/bytes.ts';
import { keyOf } from '../../etcd/key.ts';
import type { Change, Key, Revision } from '../../etcd/types.ts';
import { compileReader, type ReaderSpec } from '../../formats/read.ts';
import { rejected } from '../../formats/rejection.ts';
import { KeyLedger } from './key-ledger.ts';

const scope = '/service/batman';
const leader = `${scope}/leader`;
const primaryOnly: ReaderSpec = { prefix: scope, separator: '/', format: 'patroni' };

const publishing = plainRules(5432);

/** Keys in the order in which they were read. */
let reads: Key[];
let revision: Revision;

beforeEach(() => {
  reads = [];
  revision = 0;
});

function ledgerOf(spec: ReaderSpec): KeyLedger {
  const read = compileReader(spec, { maxValueBytes: 1000 });
  return new KeyLedger({
    read: (registration, findValue) => {
      reads.push(registration.key);
      return read(registration, findValue);
    },
    publishing,
  });
}

/** One revision of etcd: values by key, undefined for a key that is deleted. */
function changesOf(values: Readonly<Record<string, string | undefined>>): Change[] {
  revision += 1;
  return Object.entries(values).map(([text, value]) => {
    const key = keyOf(text);
    const registration =
      value === undefined
        ? undefined
        : { key, value: bytesOf(value), createRevision: 1, modRevision: revision, lease: '7' };
    return { key, registration, revision };
  });
}

const memberKey = (name: string): string => `${scope}/members/${name}`;
const member = (address: string): string =>
  `{"conn_url":"postgres://${address}:5432/postgres","state":"running"}`;
const cluster = {
  [leader]: 'pg-0',
  [memberKey('pg-0')]: member('10.0.0.1'),
  [memberKey('pg-1')]: member('10.0.0.2'),
};

function addresses(ledger: KeyLedger): string[] {
  return ledger.desired().endpoints.map(({ address }) => address);
}

function departureOf(ledger: KeyLedger, address: string) {
  const ports = [{ name: '', port: 5432, protocol: 'TCP' }] as const;
  return ledger.departures.get(endpointId({ address, ports, ready: true }));
}

describe('a ledger of keys that decide about others', () => {
  it.each([
    ['before', Object.entries(cluster)],
    ['after', Object.entries(cluster).reverse()],
  ])('reads members by the leader key, listed %s them', (_, entries) => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(Object.fromEntries(entries)));
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
  });

  it('reads members again when the leader key names another, goes or comes', () => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    ledger.apply(changesOf({ [leader]: 'pg-1' }));
    expect(addresses(ledger)).toEqual(['10.0.0.2']);
    ledger.apply(changesOf({ [leader]: undefined }));
    expect(addresses(ledger)).toEqual([]);
    ledger.apply(changesOf({ [leader]: 'pg-0' }));
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
  });

  it('reads what a change decides about and nothing else', () => {
    const other = '/service/catwoman';
    const ledger = ledgerOf({ ...primaryOnly, prefix: '/service' });
    const more = { [`${other}/leader`]: 'pg-7', [`${other}/members/pg-7`]: member('10.0.0.7') };
    ledger.apply(changesOf({ ...cluster, ...more }));
    reads = [];
    ledger.apply(changesOf({ [leader]: 'pg-1' }));
    expect(reads.toSorted()).toEqual([leader, memberKey('pg-0'), memberKey('pg-1')].map(keyOf));
    reads = [];
    ledger.apply(changesOf({ [memberKey('pg-1')]: member('10.0.0.3') }));
    expect(reads).toEqual([keyOf(memberKey('pg-1'))]);
  });

  it('reads nothing again for a leader key that is written as it was', () => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    reads = [];
    ledger.apply(changesOf({ [leader]: 'pg-0' }));
    expect(reads).toEqual([keyOf(leader)]);
  });

  it('reads one key for each change where no key decides about another', () => {
    const ledger = ledgerOf({ prefix: '/web', separator: '/', format: 'plain' });
    const all = Array.from({ length: 1000 }, (_, index) => [
      `/web/${index}`,
      `10.1.${index >> 8}.${index & 255}:80`,
    ]);
    ledger.apply(changesOf(Object.fromEntries(all)));
    reads = [];
    ledger.apply(changesOf({ '/web/7': '10.0.0.1:80', '/web/8': undefined }));
    expect(reads).toEqual([keyOf('/web/7')]);
  });

  it.each([
    ['first', [leader, memberKey('pg-0')]],
    ['last', [memberKey('pg-0'), leader]],
  ])('tells a role that goes with its key as one that moved, the leader key being told of %s', (_, keys) => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    ledger.apply(changesOf(Object.fromEntries(keys.map((key) => [key, undefined]))));
    expect(departureOf(ledger, '10.0.0.1')).toMatchObject({ cause: 'changed', revision: 2 });
    expect(addresses(ledger)).toEqual([]);
  });

  it('tells a primary whose key alone is deleted as deleted', () => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    ledger.apply(changesOf({ [memberKey('pg-0')]: undefined }));
    expect(departureOf(ledger, '10.0.0.1')).toMatchObject({ cause: 'deleted', lease: '7' });
  });

  it('keeps a primary that cannot be read, until another leads', () => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    ledger.apply(changesOf({ [memberKey('pg-0')]: 'no JSON' }));
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
    ledger.apply(changesOf({ [leader]: 'pg-1' }));
    expect(addresses(ledger)).toEqual(['10.0.0.2']);
  });

  it('forgets what was looked up by rules that are no more', () => {
    const ledger = ledgerOf(primaryOnly);
    ledger.apply(changesOf(cluster));
    ledger.reread({
      read: ({ key }) => {
        reads.push(key);
        return { format: undefined, items: [{ kind: 'ignored', message: 'another format' }] };
      },
      publishing,
    });
    reads = [];
    ledger.apply(changesOf({ [leader]: 'pg-1' }));
    expect(reads).toEqual([keyOf(leader)]);
  });
});

describe('an address that is published in the place of a key that cannot be read', () => {
  const prefix = '/services/web';
  const read = compileReader({ prefix, separator: '/', format: 'plain' }, { maxValueBytes: 1000 });
  const granted = { read, publishing: plainRules() };
  const refuses = (address: string) =>
    address === '10.0.0.9' ? rejected('AddressNotGranted', 'no longer granted') : undefined;
  const withdrawn = { read, publishing: { ...plainRules(), refuses } };
  const ports = [{ name: '', port: 80, protocol: 'TCP' as const }];

  it('goes with the grant for it, and comes back with it', () => {
    const ledger = new KeyLedger(granted);
    ledger.apply(changesOf({ [`${prefix}/a`]: 'no address', [`${prefix}/b`]: '10.0.0.1:80' }));
    ledger.keep(keyOf(`${prefix}/a`), [{ address: '10.0.0.9', ports, ready: true }]);
    expect(addresses(ledger)).toEqual(['10.0.0.1', '10.0.0.9']);
    ledger.reread(withdrawn);
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
    ledger.reread(granted);
    expect(addresses(ledger)).toEqual(['10.0.0.1', '10.0.0.9']);
  });
});

describe('which of some endpoints may be published', () => {
  it('is what the rules say of each, whether etcd names it or not', () => {
    const asked: string[] = [];
    const refuses = (address: string) => {
      asked.push(address);
      return address.endsWith('.9') ? rejected('AddressNotGranted', 'not granted') : undefined;
    };
    const prefix = '/services/web';
    const ledger = new KeyLedger({
      read: compileReader({ prefix, separator: '/', format: 'plain' }, { maxValueBytes: 1000 }),
      publishing: { ...plainRules(), refuses },
    });
    ledger.apply(changesOf({ [`${prefix}/a`]: '10.0.0.1:80', [`${prefix}/b`]: '10.0.0.9:80' }));
    asked.length = 0;
    const standing = ['10.0.0.1', '10.0.0.2', '10.0.0.9'].map((address) => ({
      address,
      ports: [],
      ready: true,
    }));
    expect(ledger.admitted(standing).map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2']);
    // What is published now has been judged as it was read.
    expect(asked).toEqual(['10.0.0.2', '10.0.0.9']);
  });
});

describe('a ledger of keys that can all be read', () => {
  const plain: ReaderSpec = { prefix: '/web', separator: '/', format: 'plain' };

  it('reads each value once, whatever is asked for after that', () => {
    const ledger = ledgerOf(plain);
    ledger.apply(changesOf({ '/web/1': '10.0.0.1:5432', '/web/2': '10.0.0.2:5432' }));
    expect(reads).toHaveLength(2);
    ledger.letGo();
    ledger.desired();
    expect([...ledger.announced()]).toEqual([{ ports: { '': 5432 } }, { ports: { '': 5432 } }]);
    expect(ledger.admitted(ledger.desired().endpoints)).toHaveLength(2);
    ledger.apply(changesOf({ '/web/2': '10.0.0.3:5432' }));
    expect(reads).toHaveLength(3);
  });

  it('reads the value before once more where one cannot be read', () => {
    const ledger = ledgerOf(plain);
    ledger.apply(changesOf({ '/web/1': '10.0.0.1:5432' }));
    ledger.apply(changesOf({ '/web/1': 'what is no address' }));
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
    expect(reads).toHaveLength(3);
    ledger.apply(changesOf({ '/web/1': 'nor is this' }));
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
    expect(reads).toHaveLength(4);
  });

  it('reads the value by the rules of then where those of now cannot', () => {
    const ledger = ledgerOf(plain);
    ledger.apply(changesOf({ '/web/1': '10.0.0.1:5432' }));
    const read = compileReader({ ...plain, format: 'kratos' }, { maxValueBytes: 1000 });
    ledger.reread({ read, publishing });
    expect(ledger.desired().counts.rejected).toBe(1);
    expect(addresses(ledger)).toEqual(['10.0.0.1']);
  });
});
