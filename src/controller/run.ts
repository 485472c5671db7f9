import { type Clock, systemClock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { messageOf } from '../errors.ts';
import type { Connection } from '../etcd/types.ts';
import { startExplainServer } from '../explain/server.ts';
import type { Elector } from '../leadership/elector.ts';
import { startHealthServer } from '../telemetry/health.ts';
import type { HttpServer } from '../telemetry/http-server.ts';
import type { Logger } from '../telemetry/logging.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { type Assembly, assemble } from './assemble.ts';
import { type OpenElection, openElection } from './election.ts';
import { type Kubernetes, openKubernetes } from './kubernetes.ts';
import { Leadership } from './leadership.ts';
import { openRegistry, type Registry } from './registry.ts';
import { runReplica } from './replica.ts';
import { scrapeController } from './scrape.ts';

/** How long Events that are queued may take at the end. */
const flushMs = 500;

interface Parts extends Assembly {
  readonly config: ControllerConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly leadership: Leadership;
  readonly kubernetes: Kubernetes;
  readonly registry: Registry;
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
  const registry = openRegistry(config, base);
  const parts = { ...base, kubernetes, registry, ...assemble(config, { ...base, kubernetes, registry }) };
  let election: OpenElection | undefined;
  let notOpen: string | undefined;
  const health = await startHealth(parts, {
    elector: () => election?.elector,
    whyNotOpen: () => notOpen,
  });
  const explain = await startExplain(parts, () => election?.elector);
  try {
    await kubernetes.start(signal);
    const tell = (problem: string): void => {
      notOpen = problem;
    };
    election = await openElection(config, { ...base, kubernetes, notOpen: tell }, signal);
    notOpen = undefined;
    metrics.electionOpen.set(1);
    await serve(parts, election, signal);
  } finally {
    parts.reconciler.close();
    await election?.close();
    await registry.close();
    await kubernetes.close();
    await explain?.close();
    await health.close();
  }
}

async function serve(parts: Parts, election: OpenElection | undefined, signal: AbortSignal): Promise<void> {
  const { config, kubernetes, recorder, log } = parts;
  log.info({ workers: config.workers, election: election?.name }, 'Started');
  await runReplica(
    {
      ...parts,
      elector: election?.elector,
      etcdServices: kubernetes.caches.etcdServices,
      workers: config.workers,
      isWarmStandby: config.isWarmStandby,
      began: (term) => election && recorder.termBegan(election.namespace, term.number, config.replica),
      flush: () => kubernetes.events.flush(flushMs),
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
      registry: registryFact(parts.registry.mirror.connection),
    }),
    metrics: () => metrics.expose(),
  });
  log.info({ http: health.address, server: kubernetes.client.server, etcd: config.etcd.hosts }, 'Starting');
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

function registryFact({ connected, since, error }: Connection): string {
  const from = new Date(since).toISOString();
  return connected
    ? `answers since ${from}`
    : `does not answer since ${from}: ${error === undefined ? 'not tried yet' : messageOf(error)}`;
}
