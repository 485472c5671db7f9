import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { createEventRecorder } from './events.ts';
import type { KubeObject, KubeWriter } from './types.ts';

const web: KubeObject = {
  apiVersion: 'etcd-endpoints.io/v1alpha1',
  kind: 'EtcdService',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web' },
};
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A recorder, what it has written, and whether somebody waits for other writes. */
function rig() {
  const clock = new FakeClock();
  const others = { wait: true };
  const written: string[] = [];
  const writer = {
    create: async (_kind: unknown, { reason }: { readonly reason: string }) => {
      written.push(reason);
    },
  } as unknown as KubeWriter;
  const recorder = createEventRecorder(writer, { clock, log: silent, othersWait: () => others.wait });
  const record = async (reason: string, type: 'Normal' | 'Warning' = 'Normal'): Promise<void> => {
    recorder.record(web, { type, reason, message: 'hello' });
    await turns();
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      clock.advance(100);
      await turns();
    }
  };
  return { clock, others, written, recorder, record, pass };
}

describe('Events', () => {
  it('are written when nobody waits for other writes any more', async () => {
    const { others, written, record, pass } = rig();
    await record('One');
    await record('Two');
    await pass(5000);
    expect(written).toEqual([]);
    others.wait = false;
    await pass(100);
    expect(written).toEqual(['One', 'Two']);
  });

  it('wait for half a minute at the most, each for itself, however many others there are', async () => {
    const { written, record, pass } = rig();
    await record('One');
    await pass(5000);
    await record('Two');
    await pass(24_900);
    expect(written).toEqual([]);
    await pass(200);
    expect(written).toEqual(['One']);
    await pass(4900);
    expect(written).toEqual(['One', 'Two']);
  });

  it('let nobody pass where they warn, or two thousand wait already', async () => {
    const { written, recorder, record } = rig();
    await record('One');
    await record('Bad', 'Warning');
    expect(written).toEqual(['Bad']);
    for (let index = 0; index < 2000; index += 1) {
      const metadata = { ...web.metadata, name: `web-${index}`, uid: `uid-${index}` };
      recorder.record({ ...web, metadata }, { type: 'Normal', reason: 'Many', message: 'hello' });
    }
    await turns(10);
    expect(written).toEqual(['Bad', 'One']);
  });

  it('wait for nobody when they are flushed', async () => {
    const { written, recorder, record } = rig();
    await record('One');
    await recorder.flush(1000);
    expect(written).toEqual(['One']);
  });

  it('are not written any more after the end, and leave no timer behind', async () => {
    const { clock, written, recorder, record } = rig();
    await record('One');
    recorder.close();
    await turns();
    expect(written).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
