import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireWatchResponse } from '../test/kit/etcd-wire.ts';
import { keyOfBytes } from '../test/kit/key-of-bytes.ts';
import { measured } from '../test/kit/measured.ts';
import { watchMessage, watchResponse } from '../test/kit/watch-response.ts';
import { parseCatalogSpec, parseRegistrySpec, parseSpec } from './api/parse.ts';
import { RetryableError, TerminalError } from './errors.ts';
import { bytesIn } from './etcd/bytes.ts';
import { messageParts, watchResponseParts } from './etcd/client/message-parts.ts';
import { type WatchAnswer, watchAnswerOf } from './etcd/client/watch-answer.ts';
import { showKey } from './etcd/key.ts';
import { advance, type Position } from './etcd/watch/resume.ts';
import { judgeAddress } from './formats/address.ts';
import { formatNames, formats } from './formats/formats.ts';
import { compileReader } from './formats/read.ts';
import type { Format, Item } from './formats/types.ts';
import { SERVICES } from './kube/resources.ts';
import { watchEvents } from './kube/watch-events.ts';

/** Set by `npm run faults -- hostile`; without it as many as fit into a test run. */
const cases = Number(process.env['FAULTS_CASES'] ?? '20000');
const seed = Number(process.env['FAULTS_SEED'] ?? '1');
/** Cases that are checked without a pause. */
const atOnce = 5_000;
const timeoutMs = 60_000 + cases * 2;

/** Bytes that mean something to somebody: put into a sound input they make it nearly sound. */
const tokens = [
  ...[
    '',
    '\0',
    '\n',
    '\r\n',
    '"',
    '\\',
    '\\u0000',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '/',
    '//',
    '..',
    '%',
    '%00',
    '%zz',
    '@',
    '?',
    '#',
    ' ',
  ],
  ...[
    '0',
    '-1',
    '65535',
    '65536',
    '1e999',
    'NaN',
    'null',
    'true',
    '{}',
    '[]',
    '99999999999999999999',
    '__proto__',
    'constructor',
  ],
  ...[
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::1',
    '[::1]:80',
    '::ffff:10.0.0.1',
    '10.0.0.1:80',
    '010.0.0.1',
    '1.2.3',
    'fe80::1%eth0',
    'http://',
    'é',
    '\u202e',
    '😀',
    '\ud800',
  ],
].map((token) => Buffer.from(token));

/** A change to some bytes: where, how many of them go, and what comes in their place. */
const edit = fc.record({
  at: fc.nat(2 ** 16),
  gone: fc.nat(8),
  token: fc.oneof(fc.constantFrom(...tokens), fc.uint8Array({ maxLength: 4 }).map(Buffer.from)),
});
const edits = fc.array(edit, { maxLength: 4 });

type Edits = readonly { readonly at: number; readonly gone: number; readonly token: Buffer }[];

function edited(bytes: Buffer, changes: Edits): Buffer {
  return changes.reduce((now, { at, gone, token }) => {
    const place = at % (now.length + 1);
    return Buffer.concat([now.subarray(0, place), token, now.subarray(place + gone)]);
  }, bytes);
}

/** Checks so many cases, and that they leave nothing behind. */
async function check<T>(
  what: string,
  part: number,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
): Promise<void> {
  const numRuns = Math.ceil(cases * part);
  const before = process.memoryUsage().rss;
  const startedAt = performance.now();
  await run(inputs, holds, numRuns);
  measured(`${what}, cases`, numRuns);
  measured(`${what}, time`, (performance.now() - startedAt) / 1000, { unit: 's' });
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
  measured(`${what}, memory taken`, grownMiB, { unit: 'MiB', most: 512 });
}

/** In parts, between which the test runner may have its turn. */
async function run<T>(
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
  total: number,
): Promise<void> {
  for (let done = 0; done < total; done += atOnce) {
    const parameters = { numRuns: Math.min(atOnce, total - done), seed: seed + done };
    const promises: Promise<void>[] = [];
    fc.assert(
      fc.property(inputs, (input) => {
        const held = holds(input);
        if (held !== undefined) {
          promises.push(held);
        }
      }),
      parameters,
    );
    await Promise.all(promises);
  }
}

describe('hostile input', () => {
  it('of keys and values is read or rejected in every format, and names no address that may not be published', {
    timeout: timeoutMs,
  }, async () => {
    const all = formatNames.map((name) => formats[name] as Format<unknown>);
    const samples = all.flatMap(({ example }) =>
      Object.entries(example.registrations).map(([key, value]) => ({ key, value, source: example.source })),
    );
    const readers = samples.flatMap((sample) =>
      formatNames.map((format) => ({
        key: Buffer.from(sample.key),
        value: Buffer.from(sample.value),
        read: compileReader(
          {
            separator: '/',
            ...sample.source,
            format,
            layout: '{zone}/{instance}',
            json: { address: '.ip', ports: { http: '.ports.http' } },
          } as never,
          { maxValueBytes: 4096 },
        ),
      })),
    );
    const inputs = fc.record({ reader: fc.constantFrom(...readers), key: edits, value: edits });
    await check('keys and values', 0.55, inputs, ({ reader, key, value }) => {
      const registration = {
        key: keyOfBytes(edited(reader.key, key)),
        value: bytesIn(edited(reader.value, value)),
      };
      const { items } = reader.read(registration, () => registration.value);
      if (items.length === 0 || !items.every(isSound) || showKey(registration.key).length > 2_200) {
        throw new Error(`read as ${JSON.stringify(items)}`);
      }
    });
  });

  it('of custom resources is parsed or refused field by field', { timeout: timeoutMs }, async () => {
    const sound = [
      {
        prefix: '/services/web',
        format: 'json',
        json: { address: '.ip', ports: { http: '.p' } },
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
        filter: { matchMetadata: { env: 'prod' }, cidrs: ['10.0.0.0/8'] },
        topology: { zone: { path: '.zone', values: { a: 'b' } }, hints: 'Zone' },
        guard: { maxRemovalPercent: 50 },
        drainSeconds: 5,
        layout: '{zone}/{instance}',
      },
      {
        endpoints: ['https://etcd:2379'],
        root: '/a',
        credentialsSecretRef: { name: 's', namespace: 'n' },
        access: [{ namespaces: ['shop'], prefixes: ['/a'] }],
      },
      {
        registryRef: { name: 'company' },
        prefix: '/services',
        pattern: '{service}/{instance}',
        template: { ports: [{ port: 80 }] },
        namespaces: ['shop'],
      },
    ].map((spec) => Buffer.from(JSON.stringify(spec)));
    const inputs = fc.record({
      spec: fc.constantFrom(...sound),
      changes: edits,
      else: fc.jsonValue(),
      name: fc.string({ maxLength: 80 }),
    });
    await check('custom resources', 0.1, inputs, ({ spec, changes, else: other, name }) => {
      const object = {
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        metadata: { name, namespace: 'shop' },
        spec: parsed(edited(spec, changes)) ?? other,
      };
      for (const read of [parseSpec, parseRegistrySpec, parseCatalogSpec]) {
        const answer = read(object as never);
        if (!('ok' in answer) && answer.problems.length === 0) {
          throw new Error('refused for no reason');
        }
      }
    });
  });

  it('of watch responses of etcd never moves a watch back, and never throws but where they are no messages', {
    timeout: timeoutMs,
  }, async () => {
    const revision = fc.oneof(
      fc.nat(20).map(String),
      fc.constantFrom('-1', '9223372036854775807', '9007199254740993'),
    );
    const event = fc.record({
      type: fc.constantFrom('Put' as const, 'Delete' as const),
      kv: fc.record({
        key: fc.uint8Array({ maxLength: 6 }).map(Buffer.from),
        value: fc.uint8Array({ maxLength: 6 }).map(Buffer.from),
        create_revision: revision,
        mod_revision: revision,
        version: revision,
        lease: revision,
      }),
    });
    const response = fc.record({
      header: fc.record({
        cluster_id: fc.constantFrom('0', '7', '8'),
        member_id: fc.constant('1'),
        revision,
        raft_term: revision,
      }),
      watch_id: revision,
      created: fc.boolean(),
      canceled: fc.boolean(),
      compact_revision: revision,
      cancel_reason: fc.string({ maxLength: 8 }),
      fragment: fc.boolean(),
      events: fc.array(event, { maxLength: 4 }),
    });
    await check(
      'watch responses of etcd',
      0.2,
      fc.array(fc.tuple(response, edits), { minLength: 1, maxLength: 4 }),
      (responses) => {
        let position: Position = { next: 5, clusterId: '7', fragments: [] };
        for (const [each, changes] of responses) {
          const isEdited = changes.length > 0;
          position = nextPosition(position, edited(watchMessage(each), changes), isEdited);
          if (!isEdited) {
            expect(watchAnswerOf(watchMessage(each)).isReadable).toBe(isInRange(each));
          }
        }
      },
    );
  });

  it('of long messages of etcd is parts of bounded length, or an error', { timeout: timeoutMs }, async () => {
    const { watch_id: _, ...long } = watchResponse(Array(400).fill(1));
    const sound = watchMessage(long);
    expect(sound.length).toBeGreaterThan(9_000);
    await check('long messages of etcd', 0.01, edits, (changes) => {
      const bytes = edited(sound, changes);
      let length = 0;
      try {
        for (const part of messageParts(bytes, watchResponseParts)) {
          length += part.length;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(length).toBeLessThan(4 * bytes.length);
    });
  });

  it('of watch streams of an apiserver is events, or an error by name', { timeout: timeoutMs }, async () => {
    const sound = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) =>
      Buffer.from(
        `${JSON.stringify({ type, object: { kind: 'Service', code: 410, metadata: { name: 'web', namespace: 'shop', resourceVersion: '7' } } })}\n`,
      ),
    );
    const inputs = fc.record({
      lines: fc.array(fc.constantFrom(...sound), { minLength: 1, maxLength: 3 }),
      changes: edits,
      cut: fc.nat(64),
    });
    const request = { verb: 'watch', resource: SERVICES, method: 'GET', path: '/', deadlineMs: 1 } as const;
    await check('watch streams of an apiserver', 0.15, inputs, async ({ lines, changes, cut }) => {
      const bytes = edited(Buffer.concat(lines), changes);
      try {
        for await (const { object } of watchEvents(request, chunks(bytes, cut + 1))) {
          if (typeof object.metadata.resourceVersion !== 'string') {
            throw new Error('an event without a revision');
          }
        }
      } catch (error) {
        if (!isNamed(error)) {
          throw error;
        }
      }
    });
  });
});

/** What may be published: an address as it is judged, ports that there are; or a reason of bounded length. */
function isSound(item: Item): boolean {
  if (item.kind !== 'instance') {
    return item.message.length > 0 && item.message.length < 1_000;
  }
  const { address, ports } = item.instance;
  const judged = judgeAddress(address);
  const isPublished = judged.kind === 'address' && judged.address === address;
  return (
    isPublished && Object.values(ports).every((port) => Number.isInteger(port) && port > 0 && port < 65_536)
  );
}

/** Whether all that is said of revisions is. */
function isInRange({ header, compact_revision, events }: WireWatchResponse): boolean {
  const ofKeys = events.flatMap(({ kv }) => [kv.create_revision, kv.mod_revision]);
  return [header.revision, compact_revision, ...ofKeys].every(
    (sent) => Number(sent) >= 0 && Number.isSafeInteger(Number(sent)),
  );
}

function nextPosition(position: Position, message: Buffer, isEdited: boolean): Position {
  const answer = watchAnswerIn(message, isEdited);
  const step = answer && advance(position, answer);
  if (step === undefined || !('position' in step)) {
    return position;
  }
  expectForwards(position, step.position);
  return step.position;
}

/** Undefined where the bytes are no message any more; those of etcd all are. */
function watchAnswerIn(message: Buffer, isEdited: boolean): WatchAnswer | undefined {
  try {
    return watchAnswerOf(message);
  } catch (error) {
    if (isEdited && error instanceof Error) {
      return undefined;
    }
    throw error;
  }
}

function expectForwards(before: Position, after: Position): void {
  if (after.next < before.next || !Number.isSafeInteger(after.next)) {
    expect(after.next).toBeGreaterThanOrEqual(before.next);
  }
}

function isNamed(error: unknown): boolean {
  return error instanceof RetryableError || error instanceof TerminalError;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}
