import { defaultRegistryName } from '../api/etcd-registry.ts';
import type { ServiceRangesReason } from '../api/registry-reasons.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { messageOf } from '../errors.ts';
import type { Connection } from '../etcd/types.ts';
import { startExplainServer } from '../explain/server.ts';
import type { Elector } from '../leadership/elector.ts';
import type { Registry } from '../registries/registry.ts';
import { startHealthServer } from '../telemetry/health.ts';
import type { HttpServer } from '../telemetry/http-server.ts';
import type { Logger } from '../telemetry/logging.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { type Assembly, assemble } from './assemble.ts';
import { type OpenElection, openElection } from './election.ts';
import { type Kubernetes, openKubernetes } from './kubernetes.ts';
import { Leadership } from './leadership.ts';
import { type OpenRegistries, openRegistries } from './registries/open-registries.ts';
import { runReplica } from './replica.ts';
import { scrapeController } from './scrape.ts';

/** How many EtcdRegistries are looked at once; none of that waits for etcd. */
const registryWorkers = 4;
/** How many EtcdCatalogs are worked on at once; each makes several writes at a time. */
const catalogWorkers = 2;
/** How long Events that are queued may take at the end. */
const flushMs = 500;

interface Parts extends Assembly {
  readonly config: ControllerConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly leadership: Leadership;
  readonly kubernetes: Kubernetes;
  readonly registries: OpenRegistries;
}

/** Runs one replica of the controller until the signal aborts, then drains what is under way and closes every connection. */
export async function runController(
  config: ControllerConfig,
  signal: AbortSignal,
  { log }: { readonly log: Logger },
): Promise<void> {
  const clock = systemClock;
  const metrics = createMetrics({ processMetrics: true });
  const base = { config, clock, log, metrics, leadership: new Leadership(clock) };
  const kubernetes = openKubernetes(config, base);
  const sides = { ...base, kubernetes, registries: openRegistries(config, { ...base, kubernetes }) };
  const parts: Parts = { ...sides, ...assemble(config, sides) };
  let election: OpenElection | undefined;
  let notOpen: string | undefined;
  const health = await startHealth(parts, {
    elector: () => election?.elector,
    whyNotOpen: () => notOpen,
  });
  const explain = await startExplain(parts, () => election?.elector);
  let keeping: Keeping | undefined;
  try {
    await startCaches(parts, signal);
    keeping = keepRegistries(parts);
    const tell = (problem: string): void => {
      notOpen = problem;
    };
    election = await openElection(config, { ...base, kubernetes, notOpen: tell }, signal);
    notOpen = undefined;
    metrics.electionOpen.set(1);
    await serve(parts, election, signal);
  } finally {
    parts.endTriggers();
    parts.reconciler.close();
    await election?.close();
    await keeping?.end();
    await parts.registries.close();
    parts.events.close();
    await kubernetes.close();
    await explain?.close();
    await health.close();
  }
}

async function startCaches({ kubernetes, registries, log }: Parts, signal: AbortSignal): Promise<void> {
  await Promise.all([kubernetes.start(signal), registries.start(signal)]);
  if (!registries.serviceAddresses.known && !signal.aborted) {
    log.warn(
      { reason: 'RangesUnknown' satisfies ServiceRangesReason },
      'The ranges of Services are not known: only addresses are refused that a Service has now; see --service-cidr',
    );
  }
}

/** The work on registries and catalogs, which goes on whoever leads. */
interface Keeping {
  end(): Promise<void>;
}

function keepRegistries({ registryQueue, registryKeeper, catalogQueue, catalogKeeper }: Parts): Keeping {
  const stop = new AbortController();
  const drained = Promise.all([
    registryQueue.run(registryWorkers, (name) => registryKeeper.reconcile(name), stop.signal),
    catalogQueue.run(catalogWorkers, (name) => catalogKeeper.reconcile(name), stop.signal),
  ]);
  return {
    async end() {
      stop.abort();
      await registryKeeper.close();
      await drained;
      catalogKeeper.close();
    },
  };
}

async function serve(parts: Parts, election: OpenElection | undefined, signal: AbortSignal): Promise<void> {
  const { config, kubernetes, events, recorder, log } = parts;
  log.info({ workers: config.workers, election: election?.name }, 'Started');
  await runReplica(
    {
      ...parts,
      elector: election?.elector,
      etcdServices: kubernetes.caches.etcdServices,
      workers: config.workers,
      isWarmStandby: config.isWarmStandby,
      began: (term) => {
        parts.lookAtCatalogs();
        if (election !== undefined) {
          recorder.termBegan(election.namespace, term.number, config.replica);
        }
      },
      flush: () => events.flush(flushMs),
    },
    signal,
  );
}

/** What is known of the election, which is opened later than metrics and probes are served. */
interface ElectionView {
  elector(): Elector | undefined;
  /** Why the replica cannot stand in it; undefined where nothing keeps it from that. */
  whyNotOpen(): string | undefined;
}

/** Metrics and probes: from the first moment, and until everything else has ended. */
async function startHealth(parts: Parts, { elector, whyNotOpen }: ElectionView): Promise<HttpServer> {
  const { config, clock, log, metrics, kubernetes, leadership } = parts;
  metrics.onScrape(() => scrapeController({ ...parts, elector: elector() }));
  const health = await startHealthServer({
    ...config.http,
    clock,
    healthy: {},
    ready: { caches: kubernetes.whyNotSynced },
    facts: () => ({
      replica: config.replica,
      role: roleOf(leadership),
      leader: describe(elector()?.leader),
      ...electionFact(whyNotOpen()),
      ...registryFacts(parts.registries.pool.values()),
    }),
    metrics: () => metrics.expose(),
  });
  log.info({ http: health.address, server: kubernetes.client.server, etcd: config.etcd?.hosts }, 'Starting');
  return health;
}

/** Answers `explain` on this machine. It is a help for people: where it cannot listen, everything else goes on. */
async function startExplain(
  { config, clock, log, explainer }: Parts,
  elector: ElectionView['elector'],
): Promise<HttpServer | undefined> {
  try {
    const server = await startExplainServer({
      ...config.explain,
      clock,
      explain: (question) => explainer.explain(question, elector()?.leader),
    });
    log.info({ address: server.address }, 'Answering explain');
    return server;
  } catch (error) {
    log.warn({ problem: messageOf(error) }, 'Cannot be asked to explain');
    return undefined;
  }
}

function electionFact(whyNotOpen: string | undefined): Readonly<Record<string, string>> {
  return whyNotOpen === undefined ? {} : { election: `not open: ${whyNotOpen}` };
}

function roleOf({ term }: Leadership): string {
  return term === undefined ? 'standby' : `leader${term.state === 'suspended' ? ' (suspended)' : ''}`;
}

function describe(leader: Elector['leader']): string {
  return leader === undefined ? 'none known' : `${leader.identity} in term ${leader.term}`;
}

/** More of them are for metrics to tell. */
const mostRegistryFacts = 20;

function registryFacts(registries: Iterable<Registry>): Readonly<Record<string, string>> {
  const first = [...registries].slice(0, mostRegistryFacts);
  return Object.fromEntries(
    first.map(({ name, mirror }) => [
      name === defaultRegistryName ? 'registry' : `registry ${name}`,
      registryFact(mirror.connection),
    ]),
  );
}

function registryFact({ connected, since, error }: Connection): string {
  const from = new Date(since).toISOString();
  return connected
    ? `answers since ${from}`
    : `does not answer since ${from}: ${error === undefined ? 'not tried yet' : messageOf(error)}`;
}
