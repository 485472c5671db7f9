import { z } from 'zod';
import { ignored, itemAt } from './item.ts';
import { readFields } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { isFields } from './path.ts';
import { rejected } from './rejection.ts';
import type { Entry, EntryReader, Format, Item, Look } from './types.ts';
import { readUrl } from './url.ts';
import { cannotWrite } from './writing.ts';

const patroniOptions = z.object({
  role: z
    .enum(['Primary', 'Replica', 'Any'])
    .default('Primary')
    .describe('Which members are instances: the one that the leader key names, the others, or all of them.'),
});

type PatroniOptions = z.output<typeof patroniOptions>;
type Role = PatroniOptions['role'];

/**
 * Members of a PostgreSQL cluster of Patroni. Who is the primary is what the leader key says: members write their own role later, each by
 * itself, so that for a time two or none of them say that they are.
 */
export const patroni = {
  name: 'patroni',
  summary:
    'Members of a PostgreSQL cluster of Patroni: `patroni.role` says which of them are instances, by the leader key. A replica that does not run, or that is tagged `noloadbalance`, is not ready. The port has the name `postgres`; `member`, `role` (`primary` or `replica`), `version` and the tags become metadata.',
  key: '/service/<scope>/members/<name> (and leader)',
  value: 'JSON with `conn_url`; the leader key holds a name',
  example: {
    source: { prefix: '/service/batman' },
    registrations: {
      '/service/batman/leader': 'pg-0',
      '/service/batman/members/pg-0':
        '{"conn_url":"postgres://172.18.0.8:5432/postgres","api_url":"http://172.18.0.8:8008/patroni","state":"running","role":"primary","version":"4.0.7","timeline":1}',
    },
  },
  traps:
    'The prefix is the scope, not its `members`, since the leader key has to be below it; `auto` never takes it, as only you know the role; in a standby cluster the leader key names the standby leader.',
  options: patroniOptions,
  compile: ({ role }: PatroniOptions = { role: 'Primary' }): EntryReader => {
    return (entry, look) => ({ format: 'patroni', items: [readKey(entry, look, role)] });
  },
  write: cannotWrite('Patroni itself announces the members of its cluster, and who leads'),
} satisfies Format<PatroniOptions>;

function readKey(entry: Entry, look: Look, role: Role): Item {
  const [, scope = '', member] = /^(.*\/)members\/([^/]+)$/s.exec(entry.key) ?? [];
  if (member === undefined) {
    return ignored('it is no member of the cluster');
  }
  const prefix = entry.key.slice(0, entry.key.length - entry.below.length);
  if (!`${scope}leader`.startsWith(prefix)) {
    return rejected(
      'InvalidKey',
      'the leader key is not below the prefix, which has to be that of the scope',
    );
  }
  const isPrimary = look(`${scope}leader`) === member;
  const isMeant = role === 'Any' || isPrimary === (role === 'Primary');
  return isMeant ? readMember(entry, member, isPrimary) : ignored(`it is not the ${role.toLowerCase()}`);
}

function readMember(entry: Entry, member: string, isPrimary: boolean): Item {
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return value;
  }
  const { conn_url: url, state, version, tags } = value.fields;
  if (typeof url !== 'string') {
    return rejected('NoAddress', 'conn_url is no text');
  }
  const read = readUrl(url);
  if (read.kind === 'rejected') {
    return read;
  }
  const role = isPrimary ? 'primary' : 'replica';
  return itemAt(read.host, {
    portName: 'postgres',
    ready: isPrimary || (state === 'running' && !isLeftOut(tags)),
    metadata: flatMetadata({ member, role, version }, tags),
  });
}

/** Whether a replica is to get no clients, as Patroni's own health check has it. */
function isLeftOut(tags: unknown): boolean {
  return isFields(tags) && tags['noloadbalance'] === true;
}
