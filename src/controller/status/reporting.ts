import { type EtcdService, observes } from '../../api/etcd-service.ts';
import type { Clock } from '../../clock.ts';
import type { Hold } from '../../endpoints/guard/hold.ts';
import { type ObjectKey, objectKey } from '../../kube/types.ts';
import type { Decision } from '../guard/deciding.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { Recorder } from '../recorder.ts';
import { unknown } from './findings.ts';
import { type Findings, nextStatus } from './status.ts';
import type { StatusWriter } from './status-writer.ts';

export interface ReporterDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly statuses: StatusWriter;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Whether a hold has not been told of by an Event before. */
  readonly isNews: (object: EtcdService, hold: Hold) => boolean;
}

/** Brings what was found out to the status, and to those who watch: Events and log lines. */
export class Reporter {
  readonly #deps: ReporterDeps;

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** The object as it stands, with what we have written to it since. */
  latest(object: EtcdService): EtcdService {
    const latest = this.#deps.etcdServices.get(objectKey(object.metadata));
    return latest !== undefined && latest.metadata.uid === object.metadata.uid ? latest : object;
  }

  /** Returns after how many milliseconds to come again where counters have to wait. */
  async report(object: EtcdService, findings: Findings): Promise<number | undefined> {
    const { recorder } = this.#deps;
    const before = this.latest(object);
    const waitMs = await this.#write(before, object, findings);
    const reasonOf = (type: string): string | undefined =>
      before.status?.conditions?.find((condition) => condition.type === type)?.reason;
    const { ready, removal, observed } = findings;
    if (ready !== undefined && reasonOf('Ready') !== ready.reason) {
      recorder.readyChanged(object, ready);
    }
    if (removal?.status === 'False' && reasonOf('RemovalHeld')?.startsWith('HeldBy') === true) {
      recorder.holdEnded(object, removal);
    }
    if (observed?.equal !== undefined && reasonOf('Equal') !== observed.equal.reason) {
      recorder.equalChanged(object, observed.equal);
    }
    return waitMs;
  }

  /** Resolves when the status tells the hold, with the numbers that stand as soon as what was decided is published. */
  async holdBegan(object: EtcdService, hold: Hold, decision: Decision): Promise<void> {
    const { recorder, isNews } = this.#deps;
    const { removal, held } = decision;
    const findings = { ...unknown, ready: undefined, published: decision, removal };
    await this.#write(this.latest(object), object, findings);
    if (removal !== undefined) {
      recorder.holdBegan(object, removal, { hold, held, isNews: isNews(object, hold) });
    }
  }

  forget(key: ObjectKey): void {
    this.#deps.statuses.forget(key);
  }

  /** `found` is the object that the findings are about: its generation is the one that was acted upon. */
  async #write(latest: EtcdService, found: EtcdService, findings: Findings): Promise<number | undefined> {
    const before = latest.status ?? {};
    const generation = found.metadata.generation ?? 0;
    const status = nextStatus({
      findings,
      before,
      generation,
      observes: observes(found),
      now: this.#deps.clock.now(),
    });
    return await this.#deps.statuses.write(objectKey(found.metadata), latest, status);
  }
}
