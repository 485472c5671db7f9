import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import type { EtcdClient } from '../client/client.ts';
import type { RangeRequest } from '../client/etcd3.ts';
import { readsRpc } from '../client/rpc.ts';
import { etcdError, releaseError } from '../errors.ts';
import { keyOf, prefixRange } from '../key.ts';
import type { Log } from '../log.ts';
import { Mirror } from './mirror.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const prefix = 'k/';

/** An empty etcd that refuses to list the prefix until that is granted. No watch stream opens. */
class RefusingEtcd {
  isGranted = false;
  lists = 0;
  refusal: Partial<ServiceError> = { details: 'permission denied' };

  readonly client = {
    members: ['model'],
    read: async (rpc: unknown, { range_end: end }: RangeRequest) => {
      if (rpc === readsRpc) {
        throw releaseError('model', 'KV.Txn');
      }
      // A single key is read by the heartbeat.
      if (end !== undefined && end.length > 0) {
        this.lists += 1;
        if (!this.isGranted) {
          throw etcdError(this.refusal, 'model', 'KV.Range');
        }
      }
      return { clusterId: '7', revision: 5, registrations: [], more: false, bytes: 0 };
    },
    openStream: async () => {
      throw etcdError({ code: status.UNAVAILABLE, details: 'away' }, 'model', 'Watch.Watch');
    },
  } as unknown as EtcdClient;
}

describe('refreshing a mirrored range', () => {
  it('lists at once where the range rests after failures, and where it has just been refreshed', async () => {
    const [etcd, clock] = [new RefusingEtcd(), new FakeClock()];
    const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5 });
    const listener = { changed() {}, synced() {}, failureChanged() {} };
    const range = mirror.follow(prefixRange(keyOf(prefix)), listener);
    for (let second = 0; second < 120; second += 1) {
      clock.advance(1_000);
      await turns();
    }
    expect(range.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' });
    const refused = etcd.lists;
    await turns();
    etcd.isGranted = true;
    const now = clock.monotonic();

    for (let times = 1; times <= 5; times += 1) {
      let isListed = false;
      const refreshed = range.refresh().then(() => {
        isListed = true;
      });
      await turns(8);
      expect([isListed, etcd.lists], `after ${times} refreshes`).toEqual([true, refused + times]);
      await refreshed;
    }

    expect(range.listedAt).toBe(now);
    await mirror.close();
    expect(clock.pending).toBe(0);
  });

  it('rests again where the list that was asked for fails', async () => {
    const [etcd, clock] = [new RefusingEtcd(), new FakeClock()];
    const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5 });
    const listener = { changed() {}, synced() {}, failureChanged() {} };
    const range = mirror.follow(prefixRange(keyOf(prefix)), listener);
    await turns();
    const before = etcd.lists;

    const refreshed = range.refresh();
    refreshed.catch(() => {});
    await turns(50);

    expect(etcd.lists).toBe(before + 1);
    await mirror.close();
    await expect(refreshed).rejects.toThrow();
  });
});

describe('a range whose list breaks off while small reads succeed', () => {
  it('rests between its tries', async () => {
    const [etcd, clock] = [new RefusingEtcd(), new FakeClock()];
    etcd.refusal = { code: status.INTERNAL, details: 'broken by a proxy' };
    const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5 });
    mirror.follow(prefixRange(keyOf(prefix)), { changed() {}, synced() {}, failureChanged() {} });
    await turns(100);
    expect(etcd.lists).toBeLessThan(5);
    await mirror.close();
    expect(clock.pending).toBe(0);
  });
});

describe('listing many ranges', () => {
  it('never lists more than sixteen whose content nobody has read yet', async () => {
    const [etcd, clock] = [new RefusingEtcd(), new FakeClock()];
    etcd.isGranted = true;
    const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5 });
    let read = 0;
    let ahead = 0;
    const listener = {
      changed() {},
      failureChanged() {},
      /** Takes a turn of the event loop of its own. */
      synced() {
        ahead = Math.max(ahead, etcd.lists - read);
        read += 1;
        const until = performance.now() + 6;
        while (performance.now() < until) {
          // Reads.
        }
      },
    };
    const ranges = Array.from({ length: 40 }, (_, index) => prefixRange(keyOf(`${prefix}${index}/`)));
    for (const range of ranges) {
      mirror.follow(range, listener);
    }
    while (read < ranges.length) {
      await turns(1);
    }
    expect(etcd.lists).toBe(40);
    expect(ahead).toBeGreaterThan(10);
    expect(ahead).toBeLessThanOrEqual(16);
    await mirror.close();
  });
});
