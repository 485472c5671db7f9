import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { EtcdOptions } from '../options.ts';
import { renewFromFiles } from './renew-from-files.ts';

const hosts = ['https://etcd:2379'];
const optionsOf = (cert: string): EtcdOptions => ({ hosts, tls: { cert: Buffer.from(cert) } });

/** A client that is handed what files hold, and takes what is not `refused`. */
function clientOnFiles() {
  const clock = new FakeClock();
  const files = { cert: 'first', isMissing: false };
  const told: (string | undefined)[] = [];
  const renewed: string[] = [];
  const listeners: (() => void)[] = [];
  const client = {
    problem: undefined as Error | undefined,
    onRenewed: (listener: () => void) => void listeners.push(listener),
    renew({ tls }: EtcdOptions) {
      const cert = String(tls?.cert);
      renewed.push(cert);
      client.problem = cert.startsWith('refused') ? new Error('refused') : undefined;
      if (client.problem === undefined) {
        listeners.forEach((listener) => {
          listener();
        });
      }
    },
  };
  const reread = (): EtcdOptions => {
    if (files.isMissing) {
      throw new Error('--etcd-cert cannot be read');
    }
    return optionsOf(files.cert);
  };
  const end = renewFromFiles(
    client,
    { first: optionsOf('first'), reread },
    { clock, told: (problem) => void told.push(problem) },
  );
  return { clock, files, told, renewed, end };
}

it('leaves a client alone while its files say the same', () => {
  const { clock, told, renewed } = clientOnFiles();
  clock.advance(60_000);
  expect([told, renewed]).toEqual([[], []]);
});

it('hands a client what its files hold once they have changed, once a change', () => {
  const { clock, files, told, renewed } = clientOnFiles();
  files.cert = 'second';
  clock.advance(60_000);
  expect([told, renewed]).toEqual([[undefined], ['second']]);
});

it('tells a problem once, and when it is over', () => {
  const { clock, files, told, renewed } = clientOnFiles();
  files.cert = 'refused';
  clock.advance(60_000);
  expect(told).toEqual(['refused']);
  files.isMissing = true;
  clock.advance(60_000);
  expect(told).toEqual(['refused', '--etcd-cert cannot be read']);
  files.isMissing = false;
  files.cert = 'second';
  clock.advance(60_000);
  expect(told).toEqual(['refused', '--etcd-cert cannot be read', undefined]);
  expect(renewed).toEqual(['refused', 'second']);
});

it('does nothing more once it is ended, nor where there are no files', () => {
  const { clock, files, told, end } = clientOnFiles();
  end();
  files.cert = 'second';
  clock.advance(60_000);
  expect(told).toEqual([]);
});
