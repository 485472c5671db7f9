import type { HostPort } from './host-port.ts';
import { parsePort } from './port.ts';
import { type Rejection, rejected } from './rejection.ts';

/** What one field of a value says of an address or of a port. */
export interface Claim<T = unknown> {
  /** Name of the field for messages: known to us, or written in the EtcdService. */
  readonly field: string;
  readonly value: T;
}

/** The claims that say something: a field that is absent, null or an empty text does not. */
export function saying(claims: readonly Claim[]): readonly Claim[] {
  return claims.filter(({ value }) => value !== undefined && value !== null && value !== '');
}

/**
 * The address that all claims agree on; undefined without a claim. DNS names step back where another field has an address: they are
 * the name of the same host. Two different addresses are a rejection: there is nothing to choose by.
 */
export function agreeOnAddress(
  claims: readonly Claim<HostPort | Rejection>[],
): HostPort | Rejection | undefined {
  const addresses = claims.filter(({ value }) => value.kind !== 'rejected' || value.reason !== 'HostName');
  const first = addresses[0];
  if (first === undefined) {
    return claims[0]?.value;
  }
  const other = addresses.find(({ value }) => addressOf(value) !== addressOf(first.value));
  return other === undefined ? first.value : disagreement(first, other, 'addresses');
}

/** The port that all claims agree on; undefined without a claim. */
export function agreeOnPort(claims: readonly Claim[]): number | Rejection | undefined {
  const wrong = claims.find(({ value }) => parsePort(value) === undefined);
  if (wrong !== undefined) {
    return rejected('InvalidPort', `${wrong.field} is no whole number from 1 to 65535`);
  }
  const first = claims[0];
  const other = claims.find(({ value }) => parsePort(value) !== parsePort(first?.value));
  return first !== undefined && other !== undefined
    ? disagreement(first, other, 'ports')
    : parsePort(first?.value);
}

function addressOf(read: HostPort | Rejection): string | undefined {
  return read.kind === 'rejected' ? undefined : read.address;
}

function disagreement(one: Claim, other: Claim, what: string): Rejection {
  return rejected('Ambiguous', `${one.field} and ${other.field} name different ${what}`);
}
