import {
  type RegistryEtcd,
  type RegistryEtcdOptions,
  startRegistryEtcd,
} from '../../dev/control-plane/registry-etcd.ts';
import { servers } from './control-plane.ts';

export type { EtcdMember } from '../../dev/control-plane/etcd-member.ts';
export type { RegistryEtcd, RegistryUser } from '../../dev/control-plane/registry-etcd.ts';

/** What a test asks of its registry. `release: '3.4'` runs the old etcd; without it, the one that was found. */
export interface TestEtcdOptions extends Omit<RegistryEtcdOptions, 'binaries'> {
  readonly release?: '3.4';
}

/** Starts a registry for one test file; the file stops it in `afterAll`. */
export async function startEtcd({ release, ...options }: TestEtcdOptions = {}): Promise<RegistryEtcd> {
  const { binaries, oldEtcd } = servers();
  const wanted = release === undefined ? binaries : oldEtcd;
  if (wanted === undefined) {
    throw new Error('There is no etcd 3.4 here: declare the test with describeNeeding("etcd 3.4", …).');
  }
  return startRegistryEtcd({ ...options, binaries: wanted });
}
