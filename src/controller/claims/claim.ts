import type { EtcdService, EtcdServiceSpec } from '../../api/etcd-service.ts';
import type { ServicePort } from '../../endpoints/types.ts';
import type { KubeObject, ObjectKey, OwnerReference } from '../../kube/types.ts';

/** The EtcdService that has won a Service's name, with all that its keepers need to know of it. */
export interface Claim {
  readonly object: EtcdService;
  readonly spec: EtcdServiceSpec;
  readonly namespace: string;
  readonly serviceName: string;
  /** `namespace/serviceName`. */
  readonly key: ObjectKey;
  /** The ports that the spec names; undefined where it leaves them to a Service that stands already. */
  readonly ports: readonly ServicePort[] | undefined;
  /** Owners of what is published; empty with `deletionPolicy: Retain`. */
  readonly owners: readonly OwnerReference[];
  /** Whether an object may be changed for this claim. */
  isOurs(object: KubeObject): boolean;
  /** Monotonic milliseconds since when the EtcdService is known. */
  readonly trackedSince: number;
  /** Throws where the term in which the claim was made is over. Asked before each write. */
  assertSameTerm(): void;
}
