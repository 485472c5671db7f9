import { expect, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { EtcdClient } from '../../src/etcd/client/client.ts';
import type { Log } from '../../src/etcd/log.ts';
import { Mirror, type MirrorDeps } from '../../src/etcd/mirror/mirror.ts';
import type { Listing, MirrorObserver } from '../../src/etcd/mirror/observer.ts';
import type { EtcdOptions } from '../../src/etcd/options.ts';
import type { KeyRange } from '../../src/etcd/types.ts';
import { eventually } from './eventually.ts';
import { RawEtcd } from './raw-etcd.ts';
import { Recorder } from './recorder.ts';
import { ScriptedEtcd } from './scripted-etcd.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** A mirror under test with all that it says of itself. Everything here ends with the test that made it. */
export interface Rig {
  readonly client: EtcdClient;
  readonly mirror: Mirror;
  readonly seen: Observations;
  /** Every log line, as JSON. */
  readonly logLines: readonly string[];
  /** Follows all keys that begin with the prefix. */
  follow(prefix: string): Recorder;
  /** As `follow`, and returns once the first list has been told. */
  record(prefix: string, busyMs?: number): Promise<Recorder>;
}

/** What the mirror told its observer. */
export interface Observations {
  readonly listings: Listing[];
  readonly comparedRanges: KeyRange[];
  /** Number of differing keys of each comparison that found some. */
  readonly drifts: number[];
  reconnects: number;
  compactions: number;
}

export interface RigOptions extends Partial<EtcdOptions> {
  readonly clock?: Clock;
  readonly comparePeriodMs?: number;
  /** Called after what is noted here. */
  readonly observer?: MirrorObserver;
}

/** Times short enough that a test need not wait for the default ones. */
const shortTimes = {
  callTimeoutMs: 3_000,
  connectTimeoutMs: 1_000,
  keepaliveTimeMs: 5_000,
  keepaliveTimeoutMs: 1_000,
};

/** Starts a client and a mirror for these `host:port` addresses or URLs. */
export function startRig(hosts: readonly string[], options: RigOptions = {}): Rig {
  const { clock = systemClock, comparePeriodMs, observer, ...etcdOptions } = options;
  const logLines: string[] = [];
  const seen: Observations = { listings: [], comparedRanges: [], drifts: [], reconnects: 0, compactions: 0 };
  const urls = hosts.map((host) => (host.includes('://') ? host : `http://${host}`));
  const deps: MirrorDeps = {
    clock,
    log: keepingLog(logLines),
    observer: noting(seen, observer),
    ...(comparePeriodMs === undefined ? {} : { comparePeriodMs }),
  };
  const client = new EtcdClient({ hosts: urls, ...shortTimes, ...etcdOptions }, deps);
  const mirror = new Mirror(client, deps);
  onTestFinished(async () => {
    await mirror.close();
    await client.close();
  });
  const record = async (prefix: string, busyMs?: number): Promise<Recorder> => {
    const recorder = new Recorder(mirror, prefix, busyMs);
    await eventually(() => expect(recorder.synced, `the first list of ${prefix}`).toBe(true));
    return recorder;
  };
  const follow = (prefix: string): Recorder => new Recorder(mirror, prefix);
  return { client, mirror, seen, logLines, follow, record };
}

/** A clock on which our timers run so many times as fast; the wall clock stays, since gRPC's deadlines are counted by it. */
export function hastyClock(factor: number): Clock {
  return {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() * factor,
    schedule: (delayMs, callback) => systemClock.schedule(delayMs / factor, callback),
  };
}

/** A proxy in front of that `host:port` or URL. */
export async function proxyFor(address: string): Promise<TcpProxy> {
  const proxy = await startTcpProxy(Number(address.split(':').at(-1)));
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A scripted etcd. */
export async function startScripted(): Promise<ScriptedEtcd> {
  const etcd = await ScriptedEtcd.start();
  onTestFinished(() => etcd.close());
  return etcd;
}

/** Writes to and reads from that `host:port` or URL without src/etcd. */
export function rawEtcd(address: string): RawEtcd {
  const raw = new RawEtcd(address.replace(/^https?:\/\//, ''));
  onTestFinished(() => raw.close());
  return raw;
}

/** A log that keeps every line. */
export function keepingLog(lines: string[]): Log {
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push(
      JSON.stringify({ level, message, ...fields }, (_, value) =>
        value instanceof Error ? errorFields(value) : value,
      ),
    );
  };
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

/** An error with all that a logger could print of it, so that a secret in any part is found. */
function errorFields(error: Error): object {
  return { ...error, name: error.name, message: error.message, stack: error.stack, cause: error.cause };
}

function noting(seen: Observations, observer: MirrorObserver = {}): MirrorObserver {
  return {
    listed: (listing) => {
      seen.listings.push(listing);
      observer.listed?.(listing);
    },
    reconnected: () => {
      seen.reconnects += 1;
      observer.reconnected?.();
    },
    compacted: (range) => {
      seen.compactions += 1;
      observer.compacted?.(range);
    },
    compared: (range) => {
      seen.comparedRanges.push(range);
      observer.compared?.(range);
    },
    driftFound: (range, keys) => {
      seen.drifts.push(keys);
      observer.driftFound?.(range, keys);
    },
  };
}
