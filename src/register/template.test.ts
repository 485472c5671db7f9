import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facts, fillIn, wantsAddress } from './template.ts';

const facts: Facts = {
  hostname: 'vm-1',
  pid: 42,
  address: '10.0.0.5',
  ports: [{ name: '', port: 8080 }],
  env: { ZONE: 'a', EMPTY: '' },
};
const twoPorts = [
  { name: 'http', port: 80 },
  { name: 'grpc', port: 90 },
];

describe('a template', () => {
  it.each([
    ['/services/web/{hostname}', '/services/web/vm-1'],
    ['{address}:{port}', '10.0.0.5:8080'],
    ['{env.ZONE}-{pid}', 'a-42'],
    ['{"addr":"{address}","n":{}}', '{"addr":"10.0.0.5","n":{}}'],
    ['{ hostname } {} {1} {-}', '{ hostname } {} {1} {-}'],
    ['{{hostname}}', '{vm-1}'],
  ])('%s becomes %s', (template, text) => {
    expect(fillIn(template, facts)).toEqual({ text });
  });

  it.each([
    ['/web/{zone}', '{zone} is unknown; there are {hostname}'],
    ['/web/{port.http}', '{port.http} has no --port of that name'],
    ['/web/{env.NONE}', '{env.NONE} is not set in the environment'],
    ['/web/{env.EMPTY}', '{env.EMPTY} is not set in the environment'],
    ['/web/{constructor}', '{constructor} is unknown'],
  ])('%s says that it cannot be filled in', (template, problem) => {
    expect(fillIn(template, facts)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('names a port where there are several', () => {
    expect(fillIn('{port.grpc}', { ...facts, ports: twoPorts })).toEqual({ text: '90' });
    expect(fillIn('{port}', { ...facts, ports: twoPorts })).toEqual({
      problem: '{port} could be any of several ports; name one, as in {port.http}',
    });
    expect(fillIn('{port}', { ...facts, ports: [] })).toEqual({ problem: '{port} needs a --port' });
  });

  it('fills in nothing of what it has filled in', () => {
    expect(fillIn('{hostname}', { ...facts, hostname: '{pid}' })).toEqual({ text: '{pid}' });
    expect(fillIn('{hostname}', { ...facts, hostname: '$&' })).toEqual({ text: '$&' });
  });

  it('leaves every text without a placeholder as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/\{[A-Za-z]/.test(text));
        expect(fillIn(text, facts)).toEqual({ text });
      }),
    );
  });

  it('asks for the address only where it names it', () => {
    expect([wantsAddress('{address}'), wantsAddress('{hostname}')]).toEqual([true, false]);
  });
});
