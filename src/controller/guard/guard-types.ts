/** What the guard of a registry is told, and what it says. */
import type { Desired } from '../../endpoints/desired.ts';
import type { Hold, ShownHold } from '../../endpoints/guard/hold.ts';
import type { ServiceLimits } from '../../endpoints/guard/limits.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { GuardSubject } from './guarded-service.ts';

/** An EtcdService of the registry, with the hold that its condition tells. */
export interface GuardedObject {
  readonly key: ObjectKey;
  readonly shown: ShownHold | undefined;
}

/** What the guard is told of an EtcdService whose endpoints are about to be published. */
export interface GuardRequest {
  readonly subject: GuardSubject;
  /** Whether the spec says what is gone: it has changed since anything was published for it. */
  readonly isSpecStated: boolean;
  /** Its own guard, where the spec asks for one. */
  readonly limits: ServiceLimits | undefined;
  /** What Kubernetes holds for it; asked once a term. */
  readonly published: () => readonly DesiredEndpoint[];
  /** The hold that its condition tells. */
  readonly shown: ShownHold | undefined;
  /** The id of the hold that it is released from. */
  readonly released: string | undefined;
}

export interface Verdict {
  /** What etcd says, as it was judged. */
  readonly desired: Desired;
  /** Endpoints that have vanished from etcd and stay published. */
  readonly held: readonly DesiredEndpoint[];
  /** What holds them; undefined where nothing does, and where it is not known yet whether anything has to. */
  readonly hold: Hold | undefined;
  /** False while that is not known: until then what has vanished stays. */
  readonly isFinal: boolean;
  /** Whether what is held stands again where it has gone: not for the question alone whether it has to be held. */
  readonly comesBack: boolean;
  /** After how many milliseconds the verdict may be another though nothing changes. */
  readonly lookAgainMs: number | undefined;
}
