import { instancesIn, type LastGood, noStandIns, type Standing } from '../../endpoints/last-good.ts';
import type { PublishingRules } from '../../endpoints/resolve.ts';
import type { DesiredEndpoint, Flaw, Outcome } from '../../endpoints/types.ts';
import { showKey } from '../../etcd/key.ts';
import type { Registration } from '../../etcd/types.ts';
import type { RegistrationReader } from '../../formats/read.ts';
import type { Instance } from '../../formats/types.ts';
import type { Read } from './doubts.ts';

/** What a key was last read as, what became of it, and what was good of it last. */
export interface KeyEntry extends Read {
  readonly registration: Registration;
  /** Costly where all is well: the value is read again. */
  readonly lastGood: LastGood;
  /** Published endpoints kept for a key of which no good value is known. */
  readonly kept: readonly DesiredEndpoint[];
  /** What the value announces, whether it can be published or not, as far as the filter of the rules it was read by lets it through. */
  announced(admits: PublishingRules['admits']): readonly Announced[];
}

/** What of an announced instance the ports of a Service are made from. */
export type Announced = Pick<Instance, 'ports'>;

/** What an entry is made of. */
export interface EntryParts {
  readonly registration: Registration;
  readonly format: string | undefined;
  readonly standing: Standing;
  readonly kept: readonly DesiredEndpoint[];
  /** Those of `kept` that the rules let be published. */
  readonly admitted: readonly DesiredEndpoint[];
  /** Reads the registration as it was read; undefined where that may turn out otherwise by now. */
  readonly readAgain: RegistrationReader | undefined;
}

export function entryOf(parts: EntryParts): KeyEntry {
  const { registration, format, kept, admitted, readAgain } = parts;
  const { instances, outcomes, standIns, lastGood, unresolved } = parts.standing;
  const [outcome, ...others] = outcomes;
  const [instance] = instances;
  if (readAgain !== undefined && others.length === 0 && isFlawless(outcome) && instance !== undefined) {
    return new PlainEntry({ registration, format, instance, endpoint: outcome.endpoint, read: readAgain });
  }
  return {
    key: showKey(registration.key),
    format,
    registration,
    outcomes,
    standIns: unresolved ? admitted : standIns,
    lastGood,
    kept: unresolved ? kept : noStandIns,
    unresolved: unresolved && admitted.length === 0,
    announced: (admits) => instances.filter(admits),
  };
}

type Published = Extract<Outcome, { kind: 'endpoint' }>;

const noFlaws: readonly Flaw[] = [];

interface PlainParts {
  readonly registration: Registration;
  readonly format: string | undefined;
  readonly instance: Instance;
  readonly endpoint: DesiredEndpoint;
  readonly read: RegistrationReader;
}

/**
 * Nearly all keys say one thing, and nothing is wrong with it. What is published of it is kept, and all else is found out when somebody asks: there may be
 * a million of them.
 */
class PlainEntry implements KeyEntry {
  readonly registration: Registration;
  readonly format: string | undefined;
  readonly #ports: Instance['ports'];
  readonly #endpoint: DesiredEndpoint;
  readonly #read: RegistrationReader;

  constructor({ registration, format, instance, endpoint, read }: PlainParts) {
    this.registration = registration;
    this.format = format;
    this.#ports = instance.ports;
    this.#endpoint = endpoint;
    this.#read = read;
  }

  get key(): string {
    return showKey(this.registration.key);
  }

  get outcomes(): readonly Outcome[] {
    return [{ kind: 'endpoint', endpoint: this.#endpoint, partial: false, flaws: noFlaws }];
  }

  get standIns(): readonly DesiredEndpoint[] {
    return noStandIns;
  }

  get lastGood(): LastGood {
    return instancesIn(this.#read(this.registration).items);
  }

  get kept(): readonly DesiredEndpoint[] {
    return noStandIns;
  }

  get unresolved(): boolean {
    return false;
  }

  /** The filter has let it through, or it would not be published. */
  announced(): readonly Announced[] {
    return [{ ports: this.#ports }];
  }
}

function isFlawless(outcome: Outcome | undefined): outcome is Published {
  return outcome?.kind === 'endpoint' && !outcome.partial && outcome.flaws.length === 0;
}
