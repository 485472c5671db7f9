import { expect, it } from 'vitest';
import { etcdService } from '../../../test/kit/etcd-wire.ts';
import { heapUsed } from '../../../test/kit/heap.ts';
import { plainRules } from '../../../test/kit/publishing-rules.ts';
import { rangeAnswerOf } from '../../etcd/client/answers.ts';
import type { FormatName } from '../../formats/formats.ts';
import { compileReader } from '../../formats/read.ts';
import { KeyLedger } from './key-ledger.ts';

const kv = etcdService('KV').service;
const header = { revision: '1000' };

const services = 100;
const instances = 100;

/** A registration's part of the memory of a mirror and of the ledgers that read it, beside the bytes of its value; what is published of it comes on top. */
const mostBytes = 580;

interface Case {
  readonly format: FormatName;
  readonly valueAt: (instance: number) => string;
}

it.each<Case>([
  { format: 'plain', valueAt: (instance) => `10.0.${instance}.1:8080` },
  {
    format: 'kratos',
    valueAt: (instance) =>
      JSON.stringify({
        id: `instance-${instance}`,
        name: 'web',
        version: `v1.0.${instance}`,
        metadata: {
          rack: `rack-${instance}`,
          started: `2026-11-30T10:00:00.${instance}Z`,
          owner: `team-${instance}`,
        },
        endpoints: [`http://10.0.${instance}.1:8080`],
      }),
  },
])(`takes at most ${mostBytes} bytes to remember a registration of $format and what it says`, (one) => {
  const values = Array.from({ length: instances }, (_, instance) => one.valueAt(instance).length);
  const each = bytesEach(() => Array.from({ length: services }, (_, service) => remember(service, one)));
  expect(each).toBeGreaterThan(100);
  expect(each).toBeLessThan(mostBytes + values.reduce((sum, length) => sum + length, 0) / instances);
});

/** A registration of an answer by itself: an object, its key, and its place in the list. */
const mostReadBytes = 112;

/** What runs often V8 compiles anew, and numbers come out of compiled code in a form that takes more. */
it(`takes at most ${mostReadBytes} bytes for a registration as it is read, also once reading runs often`, () => {
  const kvs = Array.from({ length: instances }, (_, instance) => wire(`/web/${instance}`, 'a', instance));
  const answer = kv['Range']?.responseSerialize({ header, kvs }) ?? Buffer.alloc(0);
  const read = () => Array.from({ length: 10 * services }, () => rangeAnswerOf(answer));
  for (let round = 0; round < 5; round += 1) {
    read();
  }
  const each = bytesEach(read);
  expect(each).toBeGreaterThan(60);
  expect(each).toBeLessThan(mostReadBytes);
});

/** Bytes of heap that a registration takes of what is made, so many of them in each. */
function bytesEach(make: () => readonly unknown[]): number {
  const before = heapUsed();
  const kept = make();
  const taken = heapUsed() - before;
  return taken / (kept.length * instances);
}

function remember(service: number, { format, valueAt }: Case): object {
  const name = `/services/service-${service}`;
  const kvs = Array.from({ length: instances }, (_unused, instance) =>
    wire(`${name}/instance-${instance}`, valueAt(instance), instance),
  );
  const { registrations } = rangeAnswerOf(kv['Range']?.responseSerialize({ header, kvs }) ?? Buffer.alloc(0));
  const ledger = new KeyLedger({
    read: compileReader({ prefix: name, separator: '/', format }, { maxValueBytes: 1000 }),
    publishing: plainRules(),
  });
  ledger.apply(
    registrations.map((registration) => ({ key: registration.key, registration, revision: 1_000_000 })),
  );
  const mirror = new Map(registrations.map((registration) => [registration.key, registration]));
  return { mirror, ledger, desired: ledger.desired() };
}

function wire(key: string, value: string, instance: number): object {
  const revision = String(1_000_000 + instance);
  const bookkeeping = { create_revision: revision, mod_revision: revision, version: '1', lease: '0' };
  return { key: Buffer.from(key), value: Buffer.from(value), ...bookkeeping };
}
