import type { ConditionDoc } from './reasons.ts';

/** Every condition of an EtcdRegistry and every reason of it, as reasons.ts has them of an EtcdService. */
export const registryConditions = {
  Connected: {
    meaning: 'etcd answers; an outage is told when it has lasted for ten seconds.',
    reasons: {
      Connected: { meaning: 'etcd answers.', action: 'Nothing is to be done.' },
      FormerCredentials: {
        meaning:
          'etcd answers by the addresses and credentials that were in use before; the newest cannot be used, for the reason in the message.',
        action: 'Correct the EtcdRegistry or its Secrets before the former credentials end.',
      },
      Connecting: {
        meaning: 'etcd has not answered yet.',
        action: 'Wait; where it stays so, look at the endpoints.',
      },
      Disconnected: {
        meaning: 'etcd does not answer; what was published before stays.',
        action: 'Look at etcd, and at the endpoints.',
      },
      InvalidSpec: {
        meaning: 'The EtcdRegistry breaks a rule that the message names.',
        action: 'Correct the field that the message names.',
      },
      SecretNotFound: {
        meaning: 'A Secret that the spec names does not exist in the namespace of the controller.',
        action: 'Create it there, with the label etcd-endpoints.io/registry.',
      },
      SecretNotLabelled: {
        meaning: 'A Secret that the spec names is not for this registry, and so it is not used.',
        action: 'Give it the label etcd-endpoints.io/registry with the name of the EtcdRegistry.',
      },
      SecretIncomplete: {
        meaning: 'A Secret lacks a key that is needed.',
        action: 'Add the key that the message names.',
      },
      SecretInvalid: {
        meaning: 'A certificate or a key in a Secret cannot be read, or the two do not belong together.',
        action: 'Correct the Secret that the message names.',
      },
      SecretsUnreadable: {
        meaning: 'The controller may not read the Secrets of its namespace.',
        action: 'Grant it what docs/rbac.yaml grants.',
      },
      CertificateExpired: {
        meaning: 'The client certificate has expired.',
        action: 'Renew it in the Secret that the message names.',
      },
      CertificateInvalid: {
        meaning:
          'The certificate of etcd has expired, is for another name, or is of an authority that is not trusted.',
        action: 'Correct the certificate of etcd, tls.serverName, or the authorities in tls.caSecretRef.',
      },
      CertificateRefused: {
        meaning: 'etcd refuses the client certificate, or the lack of one.',
        action: 'Name one in tls.certificateSecretRef that an authority of etcd has signed.',
      },
      AuthenticationFailed: {
        meaning: 'etcd refuses the user or the password.',
        action: 'Correct username and password in the Secret that userSecretRef names.',
      },
    },
  },
  Synced: {
    meaning: 'Everything that EtcdServices ask for has been listed and is followed.',
    reasons: {
      Synced: {
        meaning: 'Every prefix and key that EtcdServices name is followed.',
        action: 'Nothing is to be done.',
      },
      Listing: { meaning: 'Some have not been listed yet.', action: 'Wait.' },
      PrefixUnreadable: {
        meaning: 'etcd answers, but the user may not read everything that EtcdServices ask for.',
        action: 'Grant the read permission on the range that the message names, or narrow the grants.',
      },
      NotConnected: {
        meaning: 'etcd does not answer, so nobody can say.',
        action: 'Look at Connected.',
      },
    },
  },
  ServiceRangesKnown: {
    meaning:
      'The ranges that Kubernetes takes addresses of Services from are known, so that no instance may have one.',
    reasons: {
      RangesKnown: { meaning: 'They are known.', action: 'Nothing is to be done.' },
      RangesUnknown: {
        meaning:
          'They are not: only addresses are refused that a Service has now. The cluster serves no ServiceCIDR (Kubernetes 1.33), or the controller may not list them.',
        action: 'Name them by --service-cidr, or grant what docs/rbac.yaml grants.',
      },
    },
  },
} as const satisfies Readonly<Record<string, ConditionDoc>>;

export type RegistryConditionType = keyof typeof registryConditions;

type ReasonsOf<Type extends RegistryConditionType> = keyof (typeof registryConditions)[Type]['reasons'];

export type ConnectedReason = ReasonsOf<'Connected'>;
export type SyncedReason = ReasonsOf<'Synced'>;
export type ServiceRangesReason = ReasonsOf<'ServiceRangesKnown'>;
