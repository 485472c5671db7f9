import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { LeaseElector } from '../../src/kube/lease-elector.ts';
import type { LeaseElectorOptions, LeaseKubeOptions } from '../../src/kube/lease-elector-types.ts';
import type { Term, TermEnd, TermState } from '../../src/leadership/term.ts';
import { loggable } from '../../src/telemetry/loggable.ts';
import { servers } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { KubeObjects } from './kube-objects.ts';
import { createNamespace } from './namespace.ts';

/** The least that the controller takes, so that tests are short: a look every 0.67 s at most, suspension after 3.33 s. */
export const ttlMs = 5000;
/** Time between two looks at most. */
export const retryMs = (ttlMs * 2) / 15;
/** Name of the Lease that replicas contend for. */
export const leaseName = 'main';

/** A term as its replica lived it, in milliseconds of the clock that all in this process share. */
export interface Lived {
  readonly term: Term;
  readonly from: number;
  /** States after the first. */
  readonly states: TermState[];
  to: number | undefined;
  end: TermEnd | undefined;
}

export interface ReplicaOptions extends Partial<LeaseElectorOptions> {
  readonly kube?: Partial<LeaseKubeOptions>;
  /** What it does for as long as a term lasts; else it waits for the end of the term, or for its own. */
  readonly lead?: (term: Term, stopped: Promise<void>) => Promise<void>;
}

/** A replica that stands for election in the namespace of `objects` until its test ends. */
export class LeaseReplica {
  readonly elector: LeaseElector;
  readonly terms: Lived[] = [];
  /** Every leader that it was told of, by identity and term; `-` where there was none. */
  readonly news: string[] = [];
  /** Every failure that it told of, by message; undefined where it was over. */
  readonly failures: (string | undefined)[] = [];
  readonly doubles: string[] = [];
  readonly logLines: string[] = [];
  /** Settles when it no longer stands. */
  readonly run: Promise<void>;
  readonly #stopping = new AbortController();

  constructor(objects: KubeObjects, { kube, lead = untilOver, ...options }: ReplicaOptions = {}) {
    const note = (fields: object, message: string): void => {
      this.logLines.push(JSON.stringify({ ...loggable(fields), message }));
    };
    this.elector = new LeaseElector(
      { kubeconfig: servers().credentials.kubeconfigPath, userAgent: () => 'etcd-endpoints/test', ...kube },
      {
        namespace: objects.namespace,
        name: leaseName,
        identity: 'replica',
        ttlSeconds: ttlMs / 1000,
        ...options,
      },
      {
        clock: systemClock,
        log: { debug: note, info: note, warn: note, error: note },
        observer: {
          failing: (error) => this.failures.push(error?.message),
          duplicate: (holder) => this.doubles.push(holder),
        },
      },
    );
    this.elector.onLeader((leader) => {
      this.news.push(leader === undefined ? '-' : `${leader.identity} ${leader.term}`);
    });
    const stopped = new Promise<void>((resolve) => {
      this.#stopping.signal.addEventListener('abort', () => resolve());
    });
    this.run = this.elector.run(this.#stopping.signal, (term) => {
      this.#note(term);
      return lead(term, stopped);
    });
    this.run.catch(() => undefined);
    onTestFinished(() => this.elector.close());
  }

  /** The term that lasts. */
  get current(): Lived | undefined {
    return this.terms.find(({ to }) => to === undefined);
  }

  /** Ends it, as SIGTERM does. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.run;
  }

  /** Waits until it has had so many terms, and returns the last. */
  async term(count = 1): Promise<Lived> {
    return await eventually(() => this.terms[count - 1] ?? expect.fail(`no term ${count} yet`));
  }

  #note(term: Term): void {
    const lived: Lived = { term, from: performance.now(), states: [], to: undefined, end: undefined };
    this.terms.push(lived);
    term.onState((state) => {
      lived.states.push(state);
      lived.to = state === 'ended' ? performance.now() : lived.to;
    });
    void term.ended.then((end) => {
      lived.end = end;
    });
  }
}

async function untilOver(term: Term, stopped: Promise<void>): Promise<void> {
  await Promise.race([term.ended, stopped]);
}

/** Waits until one of the replicas leads. */
export async function whoLeads(...replicas: readonly LeaseReplica[]): Promise<LeaseReplica> {
  return await eventually(
    () => replicas.find(({ current }) => current !== undefined) ?? expect.fail('nobody leads'),
  );
}

/** Waits until a term is over. */
export async function endOf(lived: Lived): Promise<TermEnd> {
  return await eventually(() => lived.end ?? expect.fail('the term lasts'));
}

/** Whether a write may leave now. */
export function isWritable({ term }: Lived): boolean {
  return systemClock.monotonic() < term.writableUntil();
}

/** Whether no two terms lasted at one time. */
export function areApart(...replicas: readonly LeaseReplica[]): boolean {
  const lived = replicas.flatMap(({ terms }) => terms).sort((a, b) => a.from - b.from);
  return lived.slice(1).every(({ from }, index) => (lived[index]?.to ?? Number.POSITIVE_INFINITY) <= from);
}

/** The objects of a namespace that a test has for itself. It ends with the test. */
export async function newNamespace(): Promise<KubeObjects> {
  const namespace = await createNamespace('lease');
  onTestFinished(() => namespace.remove());
  return new KubeObjects(servers().credentials, namespace.name);
}

/** The holder that the Lease names. */
export async function holderOf(objects: KubeObjects): Promise<string> {
  return (await objects.get('leases', leaseName)).spec.holderIdentity;
}
