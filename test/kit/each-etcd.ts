import { describe } from 'vitest';
import type { TestEtcdOptions } from './etcd-process.ts';
import { describeNeeding } from './needs.ts';

/** Declares tests once for the etcd that was found and once for the oldest that is supported. */
export function onEachEtcd(title: string, body: (options: TestEtcdOptions) => void): void {
  describe(`${title} on the etcd that was found`, () => body({}));
  describeNeeding('etcd 3.4', `${title} on etcd 3.4`, () => body({ release: '3.4' }));
}
