import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine that an instance may have. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) {
    throw new Error('This machine has no address but its loopback, which no EtcdService may publish');
  }
  return own.address;
}
