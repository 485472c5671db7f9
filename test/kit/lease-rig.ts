import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Child, startChild } from '../../dev/control-plane/child.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { bytesOf, textOf } from '../../src/etcd/bytes.ts';
import { EtcdClient } from '../../src/etcd/client/client.ts';
import { Election } from '../../src/etcd/election/election.ts';
import type { ElectionOptions, Obstacle } from '../../src/etcd/election/election-types.ts';
import { keyOf } from '../../src/etcd/key.ts';
import type { EtcdOptions } from '../../src/etcd/options.ts';
import { Registrar } from '../../src/etcd/registrar/registrar.ts';
import type { RegistrarOptions } from '../../src/etcd/registrar/registrar-types.ts';
import type { Term, TermEnd, TermState } from '../../src/leadership/term.ts';
import { servers } from './control-plane.ts';
import type { RegistryEtcd } from './etcd-process.ts';
import { marginMs } from './eventually.ts';
import { Meddler } from './meddler.ts';
import { keepingLog } from './rig.ts';

/** Within the second that is promised. Nothing that waits for a TTL or a next look is as quick. */
export const promptly = { timeoutMs: 1_000 + marginMs, intervalMs: 10 };

/** A client with deadlines short enough for leases. It ends with the test. */
export function leaseClient(hosts: readonly string[], options: Partial<EtcdOptions> = {}): EtcdClient {
  const urls = hosts.map((host) => (host.includes('://') ? host : `http://${host}`));
  const client = new EtcdClient(
    { hosts: urls, callTimeoutMs: 2_000, connectTimeoutMs: 1_000, ...options },
    { clock: systemClock, log: keepingLog([]) },
  );
  onTestFinished(() => client.close());
  return client;
}

/** A meddler in front of that `host:port` or URL. It ends with the test. */
export async function meddlerFor(address: string): Promise<Meddler> {
  const meddler = await Meddler.start(address);
  onTestFinished(() => meddler.close());
  return meddler;
}

/** A registrar under test, with what it told in words. It ends with the test. */
export interface RegistrarRig {
  readonly registrar: Registrar;
  readonly told: string[];
  /** Registers keys as text. */
  set(registrations: Readonly<Record<string, string>>): Promise<void>;
}

export function startRegistrar(client: EtcdClient, options: RegistrarOptions = {}): RegistrarRig {
  const told: string[] = [];
  const registrar = new Registrar(
    client,
    { ttlSeconds: 5, ...options },
    {
      clock: systemClock,
      log: keepingLog([]),
      observer: {
        registered: (key, how) => told.push(`${textOf(key)} ${how}`),
        waiting: ({ key }) => told.push(`${textOf(key)} waiting`),
        overwritten: ({ key }) => told.push(`${textOf(key)} overwritten`),
        removed: (key) => told.push(`${textOf(key)} removed`),
        leaseLost: (reason) => told.push(`lease lost: ${reason}`),
        failing: (error) =>
          told.push(error === undefined ? 'well again' : `failing: ${(error as { code?: string }).code}`),
      },
    },
  );
  onTestFinished(() => registrar.close());
  const set = async (registrations: Readonly<Record<string, string>>): Promise<void> => {
    const entries = Object.entries(registrations);
    await Promise.all(entries.map(([key, value]) => registrar.set(keyOf(key), bytesOf(value))));
  };
  return { registrar, told, set };
}

/** A term as its candidate saw it. */
export interface SeenTerm {
  readonly number: number;
  readonly term: Term;
  readonly states: TermState[];
  end: TermEnd | undefined;
}

/** A replica that stands for election. It ends with the test. */
export interface CandidateRig {
  readonly election: Election;
  readonly terms: SeenTerm[];
  readonly losses: string[];
  readonly failures: string[];
  readonly logLines: string[];
  readonly obstacles: readonly Obstacle[];
  /** Create revisions of the keys that it stood with. */
  readonly stood: number[];
  /** The term under way. */
  readonly leading: SeenTerm | undefined;
  /** Stops standing, as SIGTERM does; resolves when it has resigned. */
  stop(): Promise<void>;
}

export interface CandidateOptions extends Partial<ElectionOptions> {
  readonly clock?: Clock;
  /** What the leader does between the signal to stop and its resignation. */
  readonly drain?: () => Promise<void>;
}

export function startCandidate(client: EtcdClient, options: CandidateOptions = {}): CandidateRig {
  const { clock = systemClock, drain, ...election } = options;
  const [terms, losses, failures, stood, logLines]: [SeenTerm[], string[], string[], number[], string[]] = [
    [],
    [],
    [],
    [],
    [],
  ];
  let obstacles: readonly Obstacle[] = [];
  const candidate = new Election(
    client,
    { name: '/election', identity: 'us', ttlSeconds: 5, ...election },
    {
      clock,
      log: keepingLog(logLines),
      observer: {
        standing: (revision) => stood.push(revision),
        leaseLost: (reason) => losses.push(reason),
        failing: (error) => error !== undefined && failures.push((error as { code?: string }).code ?? ''),
        obstacles: (now) => {
          obstacles = now;
        },
      },
    },
  );
  const stopping = new AbortController();
  const lead = async (term: Term): Promise<void> => {
    const seen: SeenTerm = { number: term.number, term, states: [], end: undefined };
    terms.push(seen);
    term.onState((state) => seen.states.push(state));
    void term.ended.then((end) => {
      seen.end = end;
    });
    await Promise.race([
      term.ended,
      new Promise((resolve) => stopping.signal.addEventListener('abort', resolve)),
    ]);
    await drain?.();
  };
  const running = candidate.run(stopping.signal, lead);
  running.catch(() => {});
  onTestFinished(async () => {
    stopping.abort();
    await candidate.close();
  });
  return {
    election: candidate,
    terms,
    losses,
    failures,
    logLines,
    stood,
    get obstacles() {
      return obstacles;
    },
    get leading() {
      return terms.find(({ end }) => end === undefined);
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Starts etcdctl with arguments that keep it running, such as `elect`. It is killed when the test ends. */
export async function startEtcdctl(etcd: RegistryEtcd, ...args: readonly string[]): Promise<Child> {
  return await startProcess(servers().binaries.etcdctl, [`--endpoints=${etcd.endpoints.join(',')}`, ...args]);
}

/** Starts a process of replica-program.ts. It is killed when the test ends. */
export async function startReplica(...args: readonly string[]): Promise<Child> {
  const program = fileURLToPath(new URL('replica-program.ts', import.meta.url));
  return await startProcess(process.execPath, [program, ...args]);
}

async function startProcess(command: string, args: readonly string[]): Promise<Child> {
  const child = await startChild(command, args, { ETCDCTL_API: '3' });
  onTestFinished(() => child.stop(0));
  return child;
}
