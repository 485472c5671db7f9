/**
 * Every reason why an item of a registration is rejected: the word in status, Events, logs and metrics, and its documentation.
 */
export const rejectionReasons = {
  ValueTooLarge: 'The value is larger than the limit for values.',
  InvalidEncoding: 'The key or the value is not UTF-8.',
  InvalidSyntax: 'The value has none of the forms that its format knows.',
  NoAddress: 'The value and the key name no address.',
  InvalidAddress: 'The address is one that Kubernetes refuses or that means another host to each reader.',
  HostName: 'The address is a DNS name; endpoints hold addresses alone.',
  Ambiguous:
    'Two fields of the value name different addresses or ports, or an address can be read in two ways.',
  AmbiguousFormat:
    'Two formats read different addresses in it, so that `auto` would have to guess; name the format.',
  InvalidKey: 'The key is none that its format knows, or lies where the format cannot read it.',
  InvalidPort: 'A port is no whole number from 1 to 65535.',
  FamilyNotServed: 'The Service has no addresses of this family, IPv4 or IPv6.',
  InServiceRange: 'The address is one that Kubernetes gives to Services; no instance may have it.',
  AddressNotGranted: 'The EtcdRegistry grants the namespace other addresses.',
  NoPort: 'Neither the registration nor the EtcdService names a port.',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof rejectionReasons;

/** A part of a registration that should be an instance and cannot be read or published. */
export interface Rejection {
  readonly kind: 'rejected';
  readonly reason: RejectionReason;
  /** For people. It names fields and parsed addresses, never other text of the value: values may hold secrets. */
  readonly message: string;
}

export function rejected(reason: RejectionReason, message: string): Rejection {
  return { kind: 'rejected', reason, message };
}
