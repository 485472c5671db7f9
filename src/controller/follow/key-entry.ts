import { type LastGood, noStandIns, type Standing } from '../../endpoints/last-good.ts';
import type { DesiredEndpoint, Flaw, Outcome } from '../../endpoints/types.ts';
import { showKey } from '../../etcd/key.ts';
import type { Registration } from '../../etcd/types.ts';
import type { RegistrationReader } from '../../formats/read.ts';
import type { Instance } from '../../formats/types.ts';
import type { Read } from './doubts.ts';

/** What a key was last read as, what became of it, and what was good of it last. */
export interface KeyEntry extends Read {
  readonly registration: Registration;
  /** What the value announces, whether it can be published or not. */
  readonly instances: readonly Instance[];
  readonly lastGood: LastGood;
  /** Published endpoints kept for a key of which no good value is known. */
  readonly kept: readonly DesiredEndpoint[];
}

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
  if (readAgain !== undefined && others.length === 0 && isFlawless(outcome)) {
    return new PlainEntry(registration, format, outcome.endpoint, readAgain);
  }
  return {
    key: showKey(registration.key),
    format,
    registration,
    instances,
    outcomes,
    standIns: unresolved ? admitted : standIns,
    lastGood,
    kept: unresolved ? kept : noStandIns,
    unresolved: unresolved && admitted.length === 0,
  };
}

type Announced = Extract<Outcome, { kind: 'endpoint' }>;

const noFlaws: readonly Flaw[] = [];

/** Nearly all keys say one thing, and nothing is wrong with it. What is published of it is kept, all else is found out when somebody asks: there may be a million of them. */
class PlainEntry implements KeyEntry {
  readonly registration: Registration;
  readonly format: string | undefined;
  readonly #endpoint: DesiredEndpoint;
  readonly #read: RegistrationReader;

  constructor(
    registration: Registration,
    format: string | undefined,
    endpoint: DesiredEndpoint,
    read: RegistrationReader,
  ) {
    this.registration = registration;
    this.format = format;
    this.#endpoint = endpoint;
    this.#read = read;
  }

  get key(): string {
    return showKey(this.registration.key);
  }

  get instances(): readonly Instance[] {
    return this.#read(this.registration).items.flatMap((item) =>
      item.kind === 'instance' ? [item.instance] : [],
    );
  }

  get outcomes(): readonly Outcome[] {
    return [{ kind: 'endpoint', endpoint: this.#endpoint, partial: false, flaws: noFlaws }];
  }

  get standIns(): readonly DesiredEndpoint[] {
    return noStandIns;
  }

  get lastGood(): LastGood {
    return this.instances;
  }

  get kept(): readonly DesiredEndpoint[] {
    return noStandIns;
  }

  get unresolved(): boolean {
    return false;
  }
}

function isFlawless(outcome: Outcome | undefined): outcome is Announced {
  return outcome?.kind === 'endpoint' && !outcome.partial && outcome.flaws.length === 0;
}
