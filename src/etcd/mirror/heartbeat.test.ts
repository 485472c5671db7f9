import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import type { EtcdClient } from '../client/client.ts';
import { keyOf } from '../key.ts';
import type { Log } from '../log.ts';
import type { WatchHub } from '../watch/watch.ts';
import { Heartbeat } from './heartbeat.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** No stream stands, so that none is probed. */
const hub = { member: undefined } as unknown as WatchHub;

describe('a heartbeat', () => {
  it('beats once more at once when it is hurried while it reads', async () => {
    const clock = new FakeClock();
    const reads: PromiseWithResolvers<unknown>[] = [];
    const client = {
      read: () => {
        const read = Promise.withResolvers<unknown>();
        reads.push(read);
        return read.promise;
      },
    } as unknown as EtcdClient;
    const beats: (Error | undefined)[] = [];
    const listener = { key: () => keyOf('k'), beat: (error: Error | undefined) => beats.push(error) };
    const heartbeat = new Heartbeat(client, hub, listener, { clock, log: silent, random: () => 0.5 });
    const answer = async (): Promise<void> => {
      reads.at(-1)?.resolve({ header: { cluster_id: '7', member_id: '1', revision: '5', raft_term: '2' } });
      await turns();
    };

    heartbeat.hurry();
    await answer();
    expect([beats.length, reads.length], 'hurried while it read').toEqual([1, 2]);
    await answer();
    expect([beats.length, reads.length], 'rests').toEqual([2, 2]);

    heartbeat.hurry();
    await turns();
    expect(reads.length, 'hurried while it rested').toBe(3);
    const closed = heartbeat.close();
    await answer();
    await closed;
    expect(clock.pending).toBe(0);
  });
});
