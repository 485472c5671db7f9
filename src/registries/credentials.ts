import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { EtcdRegistrySpec } from '../api/etcd-registry.ts';
import type { ConnectedReason } from '../api/registry-reasons.ts';
import { labels } from '../endpoints/labels.ts';
import { TerminalError } from '../errors.ts';
import type { EtcdOptions, TlsOptions } from '../etcd/options.ts';
import type { Secret } from '../kube/resources.ts';

/** Why an EtcdRegistry cannot be connected to by what it names. The message holds names, never what a Secret holds. */
export class Unconnectable extends TerminalError {
  readonly reason: ConnectedReason;

  constructor(reason: ConnectedReason, message: string, cause?: unknown) {
    super(reason, message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

/** Finds a Secret of the controller's namespace that has our label, with whatever value; throws {@link Unconnectable} where there is none. */
export type SecretFinder = (name: string) => Secret;

export interface CredentialInput {
  /** The name of the EtcdRegistry. */
  readonly registry: string;
  readonly spec: EtcdRegistrySpec;
  readonly secret: SecretFinder;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** How the registry is reached, by its spec and the Secrets that it names. Throws {@link Unconnectable}. */
export function etcdOptionsOf(input: CredentialInput): EtcdOptions {
  const { endpoints, tls, userSecretRef } = input.spec;
  const user = userSecretRef && userOf(openSecret(input, userSecretRef.name));
  return {
    hosts: endpoints,
    ...(tls !== undefined && { tls: tlsOf(input, tls) }),
    ...(user !== undefined && { user }),
  };
}

/** One Secret that the registry may use. */
interface OpenSecret {
  readonly name: string;
  /** Throws where the Secret has no such key, or nothing in it. */
  read(key: string): Buffer;
}

/** A Secret is for the registry that its label names: else whoever may create an EtcdRegistry could have any Secret sent to any host. */
function openSecret({ registry, secret }: CredentialInput, name: string): OpenSecret {
  const { metadata, data = {} } = secret(name);
  if (metadata.labels?.[labels.registry] !== registry) {
    throw new Unconnectable(
      'SecretNotLabelled',
      `Secret ${name} is not for this registry: its label ${labels.registry} is not ${registry}`,
    );
  }
  return {
    name,
    read(key) {
      const content = Buffer.from((Object.hasOwn(data, key) && data[key]) || '', 'base64');
      if (content.length === 0) {
        throw new Unconnectable('SecretIncomplete', `Secret ${name} has no ${key}`);
      }
      return content;
    },
  };
}

function userOf(secret: OpenSecret): NonNullable<EtcdOptions['user']> {
  return { name: lineOf(secret, 'username'), password: lineOf(secret, 'password') };
}

/** A line break at the end does not count: editors and `echo` leave one. */
function lineOf(secret: OpenSecret, key: string): string {
  const line = secret
    .read(key)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (line === '') {
    throw new Unconnectable('SecretIncomplete', `Secret ${secret.name} has no ${key}`);
  }
  return line;
}

function tlsOf(input: CredentialInput, tls: NonNullable<EtcdRegistrySpec['tls']>): TlsOptions {
  const { caSecretRef, certificateSecretRef, serverName } = tls;
  return {
    ...(caSecretRef && { ca: caOf(openSecret(input, caSecretRef.name)) }),
    ...(certificateSecretRef && certificateOf(openSecret(input, certificateSecretRef.name), input.now)),
    ...(serverName !== undefined && { serverName }),
  };
}

function caOf(secret: OpenSecret): Buffer {
  const ca = secret.read('ca.crt');
  parsed(secret, 'ca.crt', () => new X509Certificate(ca));
  return ca;
}

function certificateOf(secret: OpenSecret, now: number): Pick<TlsOptions, 'cert' | 'key'> {
  const [cert, key] = [secret.read('tls.crt'), secret.read('tls.key')];
  const certificate = parsed(secret, 'tls.crt', () => new X509Certificate(cert));
  const privateKey = parsed(secret, 'tls.key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Unconnectable(
      'SecretInvalid',
      `tls.key of Secret ${secret.name} is not the key of its tls.crt`,
    );
  }
  if (Date.parse(certificate.validTo) <= now) {
    const since = new Date(certificate.validTo).toISOString();
    throw new Unconnectable('CertificateExpired', `tls.crt of Secret ${secret.name} has expired at ${since}`);
  }
  return { cert, key };
}

/** The cause is left out on purpose: nobody promises that it does not quote what could not be parsed. */
function parsed<T>(secret: OpenSecret, key: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new Unconnectable('SecretInvalid', `${key} of Secret ${secret.name} is no PEM that can be read`);
  }
}
