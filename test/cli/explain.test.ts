import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyChain } from '../../src/explain/types.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { RawEtcd } from '../kit/raw-etcd.ts';
import { command, type Ended } from './command.ts';

let etcd: RegistryEtcd;
let raw: RawEtcd;
const endpoint = (): string => etcd.endpoints[0] ?? '';

beforeAll(async () => {
  etcd = await startEtcd();
  raw = new RawEtcd(new URL(endpoint()).host);
});
afterAll(async () => {
  raw.close();
  await etcd.stop();
});

function explain(...args: readonly string[]): Promise<Ended> {
  return command(['explain', '--etcd', endpoint(), ...args]);
}

async function chainOf(...args: readonly string[]): Promise<KeyChain> {
  const { code, stdout, stderr } = await explain('--output=json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as KeyChain;
}

describe('explain KEY', () => {
  it('says for people how the registration is read, from its revision to the instance', async () => {
    const lease = await raw.grant(600);
    await raw.put('/services/web/i1', '10.0.0.5:8080');
    await raw.put('/services/web/i1', '{"Op":0,"Addr":"10.0.0.5:8080","Metadata":null}', lease);
    const { code, stdout } = await explain('/services/web/i1');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '/services/web/i1',
      expect.stringMatching(/^ {2}revision {3}\d+, created at \d+$/),
      expect.stringMatching(/^ {2}lease {6}[0-9a-f]{16}, \d+ of 600 s remain$/),
      '  format     grpc',
      '  instance   10.0.0.5 8080 ready',
      '  result     Ready',
      '',
    ]);
  });

  it('says for programs what it says for people', async () => {
    await raw.put('/services/json/i1', '{"ip":"10.0.0.5","port":80}');
    expect(await chainOf('/services/json/i1')).toMatchObject({
      key: '/services/json/i1',
      revision: expect.stringMatching(/^\d+$/),
      format: 'json',
      items: [{ reason: 'Ready', instance: { address: '10.0.0.5', ports: { '': 80 }, ready: true } }],
    });
  });

  it('says why a registration is rejected, and nothing of its value', async () => {
    await raw.put('/services/bad/i1', '{"password":"hunter2"');
    const { stdout } = await explain('/services/bad/i1', '--format=json');
    expect(stdout).toContain('InvalidSyntax: the value is no JSON');
    expect(stdout).not.toContain('hunter2');
  });

  it('reads the other keys that a format asks for', async () => {
    await raw.put(
      '/service/pg/members/pg-0',
      '{"conn_url":"postgres://10.0.0.8:5432/postgres","state":"running"}',
    );
    await raw.put('/service/pg/leader', 'pg-0');
    expect(
      await chainOf('/service/pg/members/pg-0', '--prefix=/service/pg', '--format=patroni'),
    ).toMatchObject({
      format: 'patroni',
      items: [{ instance: { address: '10.0.0.8' } }],
    });
  });

  it('tells a key that is a control sequence as a text', async () => {
    await raw.put('/services/\x1b[2J', '10.0.0.5:80');
    const { stdout } = await explain('/services/\x1b[2J');
    expect(stdout).not.toContain('\x1b');
  });
});

describe('explain', () => {
  it.each([
    [['/nowhere'], 1, 'etcd has no key /nowhere'],
    [['/a', '--address=10.0.0.5'], 2, '--address and --since belong to an EtcdService'],
    [['-n', 'shop', 'web', '--address=localhost'], 2, 'expected an IP address'],
    [['-n', 'shop', 'web', '--explain-address=10.0.0.1:80'], 2, 'expected an address of this machine alone'],
    [['-n', 'shop', 'web', '--explain-address=127.0.0.1:1'], 1, 'No controller answers'],
    [['/a', '-x'], 2, 'Unknown flag -x'],
    [['/a/b', '--prefix=/c'], 2, '--prefix "/c" does not hold the key "/a/b"'],
  ])('refuses %j with %d: %s', async (args, code, problem) => {
    const ended = await explain(...args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(problem);
  });

  it('says what is needed where neither a namespace nor an etcd is named', async () => {
    const { code, stderr } = await command(['explain', 'web']);
    expect(code).toBe(2);
    expect(stderr).toContain('--namespace is needed for an EtcdService, or --etcd for a key');
  });

  it('fails where no etcd answers', async () => {
    const { code, stderr } = await command(['explain', '/a', '--etcd=http://127.0.0.1:1', '--timeout=300ms']);
    expect(code).toBe(1);
    expect(stderr).toContain('etcd 127.0.0.1:1 is not available');
  });
});
