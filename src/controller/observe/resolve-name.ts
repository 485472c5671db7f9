import { resolve4, resolve6 } from 'node:dns/promises';
import { type Clock, sleep } from '../../clock.ts';
import { RetryableError } from '../../errors.ts';

/** A worker waits no longer: the resolver itself asks again for a minute and more. */
const withinMs = 3000;

/** The addresses of both families that DNS has for a name, asked at the servers that the system names, as the DNS of the cluster does for its Pods. */
export async function resolveName(clock: Clock, name: string): Promise<readonly string[]> {
  const late = new AbortController();
  const timeout = sleep(clock, withinMs, late.signal).then(() => {
    throw new RetryableError('DNS_TIMEOUT', `no answer within ${withinMs} ms`, { subject: name });
  });
  try {
    return await Promise.race([bothFamilies(name), timeout]);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
  }
}

/** A name that has addresses of one family alone is no failure. */
async function bothFamilies(name: string): Promise<readonly string[]> {
  const [four, six] = await Promise.allSettled([resolve4(name), resolve6(name)]);
  if (four.status === 'rejected' && six.status === 'rejected') {
    throw four.reason;
  }
  return [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
