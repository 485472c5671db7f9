/** Looks at whether something answers, as kubelet's probes do. */
import { once } from 'node:events';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';

/** Connects, and closes the connection at once. Rejects with the error of the attempt, or the reason of the signal. */
export async function lookByTcp(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

/** The status of the answer to a GET. No redirect is followed, no body is read. */
export async function lookByHttp(url: URL, signal: AbortSignal): Promise<number> {
  // The certificate is not what is asked about, and many are not made for this name.
  const options = { signal, agent: false, rejectUnauthorized: false } as const;
  const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
  request.end();
  const [response] = await once(request, 'response');
  // The body may be endless, and what becomes of it tells nothing.
  for (const part of [request, response]) {
    part.on('error', () => undefined);
  }
  request.destroy();
  return response.statusCode;
}
