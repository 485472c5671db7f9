import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type RunningCommand, runCommand } from './running-command.ts';

/** Where etcdctl can be asked. */
export type Asked = Pick<RegistryEtcd, 'etcdctl'>;

/** What etcdctl shows of a key. */
export interface Seen {
  readonly value: string;
  /** As etcdctl prints it in other places; zeros without a lease. */
  readonly lease: string;
}

/** Seconds that a lease has left, -1 where it is gone, and those that it was granted for. */
export interface TimeToLive {
  readonly ttl: number;
  readonly granted: number;
}

/** The registry of a test file, `register` that runs there, and what etcdctl shows of it. Functions stand on their own. */
export interface RegisterRig {
  readonly etcd: Asked;
  /** URL of the registry. */
  readonly endpoint: () => string;
  /** Starts the real `register` for the registry, as {@link runCommand} does. */
  readonly register: (...args: readonly string[]) => RunningCommand;
  /** The key as etcdctl shows it; undefined where it is not there. */
  readonly look: (key: string, registry?: Asked) => Promise<Seen | undefined>;
  /** Waits until the key has the value. */
  readonly untilThere: (key: string, value: string) => Promise<Seen>;
  readonly untilGone: (key: string) => Promise<void>;
  /** Grants a lease that nobody keeps alive. */
  readonly grant: (seconds: number) => Promise<string>;
  readonly timeToLive: (lease: string, registry?: Asked) => Promise<TimeToLive>;
}

/** Starts a registry before the tests of the file that calls this, and stops it after them. */
export function registerRig(): RegisterRig {
  let started: RegistryEtcd;
  beforeAll(async () => {
    started = await startEtcd();
  });
  afterAll(() => started.stop());
  const etcd: Asked = { etcdctl: (...call) => started.etcdctl(...call) };
  const endpoint = (): string => started.endpoints[0] ?? '';
  const look: RegisterRig['look'] = (key, registry = etcd) => seenIn(registry, key);
  return {
    etcd,
    endpoint,
    register: (...args) => runCommand(['register', '--etcd', endpoint(), ...args]),
    look,
    untilThere: (key, value) =>
      eventually(async () => {
        const seen = await look(key);
        expect(seen?.value).toBe(value);
        return seen as Seen;
      }),
    untilGone: (key) => eventually(async () => expect(await look(key)).toBeUndefined()),
    grant: async (seconds) => {
      const [, lease = ''] =
        /lease (\w+) granted/.exec(await etcd.etcdctl(['lease', 'grant', `${seconds}`])) ?? [];
      return lease;
    },
    timeToLive: (lease, registry = etcd) => timeToLiveIn(registry, lease),
  };
}

async function seenIn(registry: Asked, key: string): Promise<Seen | undefined> {
  const json = await registry.etcdctl(['get', key, '-w', 'json']);
  // Lease ids are beyond what a number holds.
  const { kvs = [] } = JSON.parse(json.replace(/"lease":(\d+)/g, '"lease":"$1"'));
  const [found] = kvs;
  return found === undefined
    ? undefined
    : {
        value: text(found.value),
        lease: BigInt(found.lease ?? 0)
          .toString(16)
          .padStart(16, '0'),
      };
}

/** etcdctl leaves empty values out. */
function text(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString();
}

async function timeToLiveIn(registry: Asked, lease: string): Promise<TimeToLive> {
  const { ttl, 'granted-ttl': granted } = JSON.parse(
    await registry.etcdctl(['lease', 'timetolive', lease, '-w', 'json']),
  );
  return { ttl, granted };
}

/** A web server whose health a test decides. */
export interface CheckedService {
  url: string;
  /** What it answers; 503 at first. */
  status: number | 'hangs';
  /** How often it was asked. */
  asked: number;
}

/** Starts a web server whose health a test decides. It ends with the test. */
export async function service(): Promise<CheckedService> {
  const state: CheckedService = { url: '', status: 503, asked: 0 };
  const server = createServer((_, response: ServerResponse) => {
    state.asked += 1;
    if (state.status !== 'hangs') {
      response.writeHead(state.status).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return state;
}

/** Flags of checks so fast that a test need not wait for the default ones. */
export const quick = ['--check-interval=100ms', '--check-failures=2'];
