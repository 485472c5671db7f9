/**
 * Which apiserver, and as whom: client-node reads the kubeconfig and runs the authentication (exec plugins, token files, client
 * certificates). Nothing else of it runs here: no agent of its, no request.
 */
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, RetryableError, TerminalError } from '../errors.ts';
import type { Access, Identity, TlsMaterial } from './access.ts';
import { newKubeConfig } from './client-node.ts';
import type { KubeSource } from './options.ts';

/** Reads the kubeconfig. Each call makes authenticators that remember nothing, so loading again renews every credential. */
export function kubeconfigAccess(source: KubeSource): Access {
  const config = load(source);
  return {
    server: config.getCurrentCluster()?.server ?? '',
    namespace: namespaceOf(config),
    identity: () => readIdentity(config),
  };
}

function load(source: KubeSource): KubeConfig {
  const config = newKubeConfig();
  try {
    if (source.kubeconfig === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(source.kubeconfig);
    }
  } catch (error) {
    throw configError(source, `cannot be read: ${readFailure(error)}`);
  }
  if (source.context !== undefined) {
    config.setCurrentContext(source.context);
  }
  checkCluster(source, config);
  return config;
}

/** The namespace of the current context, else `default`, as for kubectl. */
function namespaceOf(config: KubeConfig): string {
  // An empty one counts as none, and that of a service account comes as its file holds it.
  return config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default';
}

/** What the kubeconfig says now; reads the files and runs the plugin that it names. */
async function readIdentity(config: KubeConfig): Promise<Identity> {
  const cluster = config.getCurrentCluster();
  const server = new URL(cluster?.server ?? '');
  const proxyUrl = cluster?.proxyUrl;
  if (server.protocol === 'http:') {
    // Like client-go's clientcmd: without TLS no credential leaves.
    return { server, proxyUrl, tls: {}, headers: {} };
  }
  const options: RequestOptions & { servername?: string } = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new RetryableError('KUBE_CREDENTIALS', `credentials of ${server.host}: ${readFailure(error)}`, {
      subject: server.host,
    });
  }
  return { server, proxyUrl, tls: tlsMaterial(options), headers: headersOf(options) };
}

function checkCluster(source: KubeSource, config: KubeConfig): void {
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw configError(source, `has no cluster for context "${context}"; name one with --context`);
  }
  if (config.getCurrentUser() === null) {
    throw configError(source, `has no user for context "${context}"`);
  }
  // client-node falls back to http://localhost:8080 where it finds nothing, and picks http for a service account by the port.
  const invented = context === 'loaded-context' || context === 'inClusterContext';
  if (!URL.canParse(cluster.server) || (invented && !cluster.server.startsWith('https:'))) {
    throw configError(source, 'names no apiserver; give one with --kubeconfig, or run in a Pod');
  }
  if (!/^https?:/.test(cluster.server)) {
    throw configError(source, `has a server that is neither https nor http: ${cluster.server}`);
  }
}

function configError(source: KubeSource, problem: string): TerminalError {
  const subject = source.kubeconfig ?? 'kubeconfig';
  return new TerminalError('KUBE_CONFIG', `${subject} ${problem}`, { subject });
}

function tlsMaterial(options: RequestOptions & { servername?: string }): TlsMaterial {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(isPem(ca) ? { ca } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

/** Token files end in a newline more often than not, and a header must not. */
function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    headers[name.toLowerCase()] = String(value).trim();
  }
  return headers;
}

/** Parsers quote what they could not read, and that may be a credential: only system errors and plugins speak for themselves. */
function readFailure(error: unknown): string {
  if (error instanceof SyntaxError || (error instanceof Error && error.name === 'YAMLException')) {
    return 'it is not well-formed';
  }
  return messageOf(error).trim();
}
