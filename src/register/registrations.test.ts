import { describe, expect, it } from 'vitest';
import { TerminalError } from '../errors.ts';
import { bufferOf } from '../etcd/bytes.ts';
import { doubtsOf, needsAddress, registrationsOf } from './registrations.ts';
import type { Facts } from './template.ts';

const secret = 'hunter2';
const facts: Facts = {
  hostname: 'vm-1',
  pid: 42,
  address: '10.0.0.5',
  ports: [],
  env: { QUOTED: 'say "hi"\\', SECRET: secret },
};
const one = { name: '', port: 8080 };
const http = { name: 'http', port: 80 };
const grpc = { name: 'grpc', port: 90 };

type Recipe = Parameters<typeof registrationsOf>[0];

function recipe(options: Partial<Recipe>): Recipe {
  return {
    keys: ['/web/{hostname}'],
    values: [],
    prefix: undefined,
    id: '{hostname}',
    format: 'plain',
    metadata: [],
    ports: [],
    check: undefined,
    ...options,
  };
}

function values(options: Partial<Recipe>, more: Partial<Facts> = {}): string[] {
  const wanted = registrationsOf(recipe(options), { ...facts, ports: options.ports ?? [], ...more });
  return wanted.map(({ value }) => bufferOf(value).toString());
}

function problemsOf(options: Partial<Recipe>): string {
  try {
    values(options);
  } catch (error) {
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return error instanceof Error ? error.message : '';
  }
  return '';
}

describe('what is registered', () => {
  it('is made of address and port where no value is given', () => {
    expect(values({})).toEqual(['10.0.0.5']);
    expect(values({ ports: [one] })).toEqual(['10.0.0.5:8080']);
    expect(values({ ports: [http] })).toEqual(['10.0.0.5:80']);
    expect(values({ ports: [one] }, { address: 'fd00::5' })).toEqual(['[fd00::5]:8080']);
    expect(values({ keys: ['/a', '/b'] })).toEqual(['10.0.0.5', '10.0.0.5']);
  });

  it('is JSON where that is asked for, with ports by name', () => {
    expect(values({ format: 'json' })).toEqual(['{"address":"10.0.0.5"}']);
    expect(values({ format: 'json', ports: [one] })).toEqual(['{"address":"10.0.0.5","port":8080}']);
    expect(values({ format: 'json', ports: [http, grpc] })).toEqual([
      '{"address":"10.0.0.5","ports":{"http":80,"grpc":90}}',
    ]);
  });

  it('has metadata where the format has a place for it', () => {
    const metadata = [{ name: 'zone', text: 'on {hostname}' }];
    expect(values({ format: 'json', ports: [one], metadata })).toEqual([
      '{"address":"10.0.0.5","port":8080,"metadata":{"zone":"on vm-1"}}',
    ]);
  });

  it('is the value of each key, in their order, filled in', () => {
    const wanted = registrationsOf(recipe({ keys: ['/a/{pid}', '/b'], values: ['{address}:1', ''] }), facts);
    expect(wanted.map(({ key, value }) => [key, bufferOf(value).toString()])).toEqual([
      ['/a/42', '10.0.0.5:1'],
      ['/b', ''],
    ]);
  });

  it('stays JSON whatever is filled in', () => {
    const [value = ''] = values({ format: 'json', values: ['{"note":"{env.QUOTED}","at":"{address}"}'] });
    expect(JSON.parse(value)).toEqual({ note: 'say "hi"\\', at: '10.0.0.5' });
  });

  it.each<[Partial<Recipe>, string]>([
    [{ keys: ['/web/{zone}'] }, '--key /web/{zone}: {zone} is unknown'],
    [{ keys: ['/web/{port.http}'] }, '--key /web/{port.http}: {port.http} has no --port of that name'],
    [{ values: ['{env.NONE}'] }, '--value: {env.NONE} is not set in the environment'],
    [{ keys: ['/a', '/b'], values: ['x', '{port}'] }, '--value number 2: {port} needs a --port'],
    [{ keys: ['/a/{hostname}', '/a/vm-1'] }, '--key is given twice for /a/vm-1'],
    [{ ports: [http, grpc] }, '--format plain: it has no place for a second port'],
    [{ metadata: [{ name: 'zone', text: '{env.NONE}' }] }, '--metadata zone: {env.NONE} is not set'],
    [{ metadata: [{ name: 'zone', text: 'a' }] }, '--format plain: it has no place for the metadata "zone"'],
    [{ format: 'json', values: ['{address}'] }, '--value: it is no JSON'],
  ])('is refused where %j cannot be meant', (options, problem) => {
    expect(problemsOf(options)).toContain(problem);
  });

  it('shows no value in a message', () => {
    const problem = problemsOf({
      format: 'json',
      keys: ['/a', '/b'],
      values: ['{env.SECRET} {', `${secret}{zone}`],
    });
    expect(problem.split('\n')).toHaveLength(2);
    expect(problem).not.toContain(secret);
  });

  it('needs an address only where one is filled in', () => {
    expect(needsAddress(recipe({}))).toBe(true);
    expect(needsAddress(recipe({ values: ['x'] }))).toBe(false);
    expect(needsAddress(recipe({ values: ['x'], keys: ['/{address}'] }))).toBe(true);
  });

  it('is doubted where no controller would publish it', () => {
    const wanted = registrationsOf(
      recipe({ keys: ['/a', '/b', '/10.0.0.1'], values: ['127.0.0.1:80', '10.0.0.1:80', ''] }),
      facts,
    );
    expect(doubtsOf(wanted)).toEqual([
      '/a is nothing to publish: InvalidAddress, 127.0.0.1 is a loopback address',
    ]);
  });
});

describe('what is registered below a prefix', () => {
  const written = (options: Partial<Recipe>): [string, string][] =>
    registrationsOf(recipe({ keys: [], ...options }), { ...facts, ports: options.ports ?? [one] }).map(
      ({ key, value }) => [bufferOf(key).toString(), bufferOf(value).toString()],
    );

  it('has the key and the value that its format makes', () => {
    expect(written({ prefix: '/services/web' })).toEqual([['/services/web/vm-1', '10.0.0.5:8080']]);
    expect(written({ prefix: 'services/{env.SECRET}/', format: 'grpc', id: '{pid}' })).toEqual([
      ['services/hunter2/42', '{"Op":0,"Addr":"10.0.0.5:8080","Metadata":null}'],
    ]);
    const metadata = [{ name: 'zone', text: 'a' }];
    expect(
      written({ prefix: '/microservices/web', format: 'kratos', ports: [http, grpc], metadata }),
    ).toEqual([
      [
        '/microservices/web/vm-1',
        '{"id":"vm-1","name":"web","version":"","metadata":{"zone":"a"},"endpoints":["http://10.0.0.5:80","grpc://10.0.0.5:90"]}',
      ],
    ]);
  });

  it('needs an address', () => {
    expect(needsAddress(recipe({ keys: [], prefix: '/services/web' }))).toBe(true);
  });

  it.each<[Partial<Recipe>, string]>([
    [{ prefix: '/a/{zone}', id: '{x}' }, '--prefix: {zone} is unknown'],
    [{ prefix: '/a/{zone}', id: '{x}' }, '--id: {x} is unknown'],
    [{ format: 'patroni' }, '--format patroni: Patroni itself announces the members of its cluster'],
    [{ format: 'auto' }, '--format auto: it only reads'],
    [{ format: 'kratos', ports: [one] }, 'port needs a name'],
    [{ format: 'go-zero', ports: [http, grpc] }, '--format go-zero: it has no place for a second port'],
    [
      { format: 'grpc', metadata: [{ name: 'note', text: 'x'.repeat(2000) }] },
      '--format grpc: it would not be read as what is to be registered',
    ],
  ])('is refused where %j cannot be written', (options, problem) => {
    expect(problemsOf({ keys: [], prefix: '/services/web', ports: [one], ...options })).toContain(problem);
  });
});
