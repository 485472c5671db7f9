/** The service account of a Pod, as Kubernetes mounts it. A kubeconfig can be much more: kubeconfig.ts loads a large library for that. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { messageOf, RetryableError } from '../errors.ts';
import type { Access } from './access.ts';

/** Where a Pod finds its apiserver. */
export interface ServiceAccount {
  readonly host: string;
  readonly port: string;
  /** Where `token`, `ca.crt` and `namespace` are; absent: where Kubernetes mounts them. */
  readonly directory?: string;
}

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The files may be absent for a moment: they are read anew for each identity, and Kubernetes renews the token. */
export function serviceAccountAccess({ host, port, directory = mounted }: ServiceAccount): Access {
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  return {
    server: server.origin,
    namespace: namespaceIn(directory),
    async identity() {
      try {
        const [ca, token] = await Promise.all([
          readFile(join(directory, 'ca.crt')),
          readFile(join(directory, 'token'), 'utf8'),
        ]);
        return {
          server,
          proxyUrl: undefined,
          tls: { ca },
          headers: { authorization: `Bearer ${token.trim()}` },
        };
      } catch (error) {
        throw new RetryableError('KUBE_CREDENTIALS', `credentials of ${server.host}: ${messageOf(error)}`, {
          subject: server.host,
        });
      }
    },
  };
}

function namespaceIn(directory: string): string {
  try {
    return readFileSync(join(directory, 'namespace'), 'utf8').trim() || 'default';
  } catch {
    return 'default';
  }
}
