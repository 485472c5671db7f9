import type { Clock } from '../clock.ts';
import type { KeySubject } from '../config/explain-options.ts';
import { RetryableError, TerminalError } from '../errors.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { readKey } from '../etcd/client/guarded-write.ts';
import { keyOf, showKey } from '../etcd/key.ts';
import { leaseTime } from '../etcd/lease/lease-calls.ts';
import type { Log } from '../etcd/log.ts';
import type { Bytes, Key, Registration } from '../etcd/types.ts';
import { compileReader } from '../formats/read.ts';
import type { Reading } from '../formats/types.ts';
import { itemFacts, keyFacts } from './chain.ts';
import { leaseTimes } from './lease-times.ts';
import type { KeyChain } from './types.ts';

/** How many other keys a format may look up. */
const maxLookups = 16;

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Reads one registration and says how it is read. Rejects with `KEY_NOT_FOUND` where etcd has no such key. */
export async function explainKey(
  subject: KeySubject,
  timeoutMs: number,
  { clock }: { readonly clock: Clock },
): Promise<KeyChain> {
  const client = new EtcdClient(subject.etcd, { clock, log: silent });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const registration = await readKey(client, keyOf(subject.key), signal);
    if (registration === undefined) {
      throw new TerminalError('KEY_NOT_FOUND', `etcd has no key ${showKey(keyOf(subject.key))}`);
    }
    const reading = await readWithLookups(subject, registration, (key) => readKey(client, key, signal));
    const source = { leaseTime: (lease: string) => leaseTime(client, lease, signal) };
    const leases = await leaseTimes(source, [registration.lease], clock);
    return {
      ...keyFacts(registration, leases),
      ...(reading.format !== undefined && { format: reading.format }),
      items: reading.items.map(itemFacts),
      standIns: [],
    };
  } catch (cause) {
    throw signal.aborted
      ? new RetryableError('EXPLAIN_TIMEOUT', `etcd gave no answer within --timeout ${timeoutMs} ms`, {
          cause,
        })
      : cause;
  } finally {
    await client.close();
  }
}

/** Reads the registration, and again with the keys that its format has asked for. */
async function readWithLookups(
  { source, format, maxValueBytes }: KeySubject,
  registration: Registration,
  find: (key: Key) => Promise<Registration | undefined>,
): Promise<Reading> {
  const read = compileReader({ ...source, format }, { maxValueBytes });
  const asked = new Set<Key>();
  const first = read(registration, (other) => {
    asked.add(other);
    return undefined;
  });
  if (asked.size === 0) {
    return first;
  }
  const values = new Map<Key, Bytes | undefined>();
  for (const other of [...asked].slice(0, maxLookups)) {
    values.set(other, (await find(other))?.value);
  }
  return read(registration, (other) => values.get(other));
}
