/** Every check of `doctor`: the word in its output, and its documentation. */
export const checks = {
  KubernetesReachable: 'The apiserver answers, and accepts who asks.',
  KubernetesVersion: 'The version of Kubernetes is one that is supported.',
  KubernetesClock:
    "The apiserver's clock, as its answers are dated, is that of this machine to some seconds.",
  CustomResources:
    'The CustomResourceDefinitions are installed, and hold every field and rule that this version knows.',
  Rights: 'Whoever runs the doctor has every right that the controller needs; each that lacks is named.',
  ClusterIPs:
    'Services can still get an address: those that Services have are counted against the ranges that the cluster (Kubernetes 1.33) or --service-cidr names.',
  Registry: 'The EtcdRegistry is valid, and its Secrets are there, for it, and complete.',
  EtcdReachable: 'The member answers, under TLS where its URL says so.',
  EtcdVersion: 'The version of etcd has none of the faults that lose or delay changes.',
  EtcdLeader: 'The member knows a leader.',
  EtcdCluster: 'All members that are named belong to one cluster.',
  EtcdAlarms: 'No alarm is raised: NOSPACE stops every write, CORRUPT says that members differ.',
  EtcdSpace:
    'The database is well below its quota, where etcd tells that by its metrics on the port for clients.',
  EtcdClock:
    "The member's clock, as its HTTP answers are dated, is that of this machine to some seconds. Leases do not depend on it, but certificates, tokens and the times of log lines do.",
  EtcdAuth: 'etcd accepts the user and its password, or wants none.',
  EtcdPrefixes:
    'Everything that EtcdServices and --allowed-prefix name can be read. The keys themselves are not.',
  Election: 'Somebody leads: who, and in which term; or why nobody does.',
} as const satisfies Record<string, string>;

export type CheckName = keyof typeof checks;
