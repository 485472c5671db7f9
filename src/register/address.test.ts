import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findAddress, interfaceAddress } from './address.ts';

function at(address: string): NetworkInterfaceInfo {
  return { address } as NetworkInterfaceInfo;
}

const interfaces = {
  lo: [at('127.0.0.1'), at('::1')],
  eth0: [at('fe80::1'), at('fd00::5'), at('10.0.0.5'), at('10.0.0.6')],
  eth1: [at('fe80::2'), at('fd00::6')],
};

describe('the address to register', () => {
  it('of an interface is the first that others reach, IPv4 before IPv6', () => {
    expect(interfaceAddress('eth0', interfaces)).toBe('10.0.0.5');
    expect(interfaceAddress('eth1', interfaces)).toBe('fd00::6');
  });

  it('of an interface is refused where there is none, with what there is', () => {
    expect(() => interfaceAddress('eth9', interfaces)).toThrow(
      '--interface "eth9": there is none of this name; there are lo, eth0, eth1',
    );
    expect(() => interfaceAddress('lo', interfaces)).toThrow(
      '--interface "lo": it has no address that others could reach, only 127.0.0.1, ::1',
    );
  });

  it('is taken as it is given, in its canonical form', async () => {
    const options = { interface: undefined, etcd: [] };
    expect(await findAddress({ ...options, address: 'FD00:0::5' })).toBe('fd00::5');
    await expect(findAddress({ ...options, address: '127.0.0.1' })).rejects.toThrow(
      '--address "127.0.0.1": 127.0.0.1 is a loopback address',
    );
    await expect(findAddress({ ...options, address: 'web.example' })).rejects.toThrow(
      '--address "web.example"',
    );
  });

  it('is asked for where the way to etcd leads over the loopback, or nowhere', async () => {
    const options = { address: undefined, interface: undefined };
    await expect(findAddress({ ...options, etcd: ['http://127.0.0.1:2379'] })).rejects.toThrow(
      '--address or --interface is needed: the way to etcd leads from 127.0.0.1',
    );
    await expect(findAddress({ ...options, etcd: ['http://[fe80::1]:2379'] })).rejects.toThrow(
      '--address or --interface is needed: no way to etcd was found',
    );
  });
});
