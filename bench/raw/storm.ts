/** The generator of a storm: changes of the keys below a prefix, in transactions of 100, evenly over its time. */
import { setTimeout as pause } from 'node:timers/promises';
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { address, keyOfInstance } from '../objects.ts';
import { rawProgram } from './program.ts';

export interface Storm {
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly service: string;
  readonly instances: number;
  readonly changes: number;
  /** 0: as fast as etcd takes them. */
  readonly ms: number;
}

export interface StormEnd {
  /** Wall-clock milliseconds at which etcd had acknowledged the last change. */
  readonly endedAt: number;
  /** What each instance was registered as last, in their order. */
  readonly addresses: readonly string[];
}

const atOnce = 100;

rawProgram(async ({ etcd, service, instances, changes, ms }: Storm): Promise<StormEnd> => {
  const client = new RawEtcd(etcd);
  const addresses = new Map<number, string>();
  const started = performance.now();
  for (let done = 0; done < changes; done += atOnce) {
    const writes = new Map<string, string>();
    for (let index = done; index < Math.min(changes, done + atOnce); index += 1) {
      const instance = index % instances;
      addresses.set(instance, address('changed', index));
      writes.set(keyOfInstance(service, instance), `${address('changed', index)}:80`);
    }
    await pause(Math.max(0, started + (ms * done) / changes - performance.now()));
    await client.commit(writes);
  }
  const endedAt = Date.now();
  return { endedAt, addresses: Array.from({ length: instances }, (_, index) => addresses.get(index) ?? '') };
});
