import { expect, it } from 'vitest';
import { heapUsed } from '../../../test/kit/heap.ts';
import { plainRules } from '../../../test/kit/publishing-rules.ts';
import { registrationOf } from '../../etcd/client/decode.ts';
import type { WireKeyValue } from '../../etcd/client/etcd3.ts';
import { compileReader } from '../../formats/read.ts';
import { KeyLedger } from './key-ledger.ts';

const services = 100;
const instances = 100;

/** A registration's part of the memory of a mirror and of the ledgers that read it; what is published of it comes on top. */
const mostBytes = 600;

it(`takes at most ${mostBytes} bytes to remember a registration, and what it says`, () => {
  const before = heapUsed();
  const kept = Array.from({ length: services }, remember);
  const each = (heapUsed() - before) / (services * instances);
  expect(kept).toHaveLength(services);
  expect(each).toBeGreaterThan(100);
  expect(each).toBeLessThan(mostBytes);
});

function remember(_: unknown, service: number): object {
  const name = `/services/service-${service}`;
  const registrations = Array.from({ length: instances }, (_unused, instance) =>
    registrationOf(wire(`${name}/instance-${instance}`, instance)),
  );
  const ledger = new KeyLedger({
    read: compileReader({ prefix: name, separator: '/', format: 'plain' }, { maxValueBytes: 1000 }),
    publishing: plainRules(),
  });
  ledger.apply(
    registrations.map((registration) => ({ key: registration.key, registration, revision: 1_000_000 })),
  );
  const mirror = new Map(registrations.map((registration) => [registration.key, registration]));
  return { mirror, ledger, desired: ledger.desired() };
}

function wire(key: string, instance: number): WireKeyValue {
  const value = Buffer.from(`10.0.${instance}.1:8080`);
  const revision = String(1_000_000 + instance);
  const bookkeeping = { create_revision: revision, mod_revision: revision, version: '1', lease: '0' };
  return { key: Buffer.from(key), value, ...bookkeeping };
}
