import { request } from 'node:http';
import type { ListenAddress } from '../config/values.ts';
import { codeOf, messageOf, RetryableError, TerminalError } from '../errors.ts';
import { parseJson } from '../formats/json-value.ts';
import { isFields } from '../formats/path.ts';
import { pathOf, type Question } from './server.ts';
import type { Explanation } from './types.ts';

/**
 * Asks the controller of this machine. Rejects with `NO_CONTROLLER` where none answers, and with `NOT_EXPLAINED` where it says why it does
 * not, such as that another replica leads.
 */
export async function askController(
  question: Question,
  { host = '127.0.0.1', port }: ListenAddress,
  timeoutMs: number,
): Promise<Explanation> {
  const { status, body } = await get({ host, port, path: pathOf(question) }, timeoutMs);
  const answer = parseJson(body);
  if (status === 200 && isFields(answer)) {
    // It comes from the same program, of the same version as a rule: what it says is shown, and decides nothing.
    return answer as unknown as Explanation;
  }
  const problem = isFields(answer) ? answer['problem'] : undefined;
  throw new TerminalError('NOT_EXPLAINED', String(problem ?? `The controller answers with HTTP ${status}`));
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function get(target: Target, timeoutMs: number): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(noAnswer(target, cause));
    const asking = request({ ...target, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asking.on('error', fail);
    asking.end();
  });
}

function noAnswer({ host, port }: Target, cause: unknown): RetryableError {
  const reason = codeOf(cause) === 'ABORT_ERR' ? 'it takes too long' : messageOf(cause);
  return new RetryableError(
    'NO_CONTROLLER',
    `No controller answers on --explain-address ${host}:${port}: ${reason}. It answers in its own pod: kubectl exec deploy/etcd-endpoints -- etcd-endpoints explain …`,
    { cause },
  );
}
