import { expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import type { ObjectKey } from '../kube/types.ts';
import { TrackedServices } from './tracked.ts';

const key = 'shop/web' as ObjectKey;
const object = (uid: string) => ({ metadata: { namespace: 'shop', name: 'web', uid } }) as EtcdService;

it('has an EtcdService forgotten where another one has taken its name, and not where it is seen for the first time', () => {
  const forgotten: ObjectKey[] = [];
  const all = new TrackedServices({ clock: new FakeClock(), forgotten: (each) => forgotten.push(each) });

  // Who guards a registry waits for it since the term began: it must not be left out by being seen.
  const first = all.track(key, object('1'));
  expect(all.track(key, object('1'))).toBe(first);
  expect(forgotten).toEqual([]);

  expect(all.track(key, object('2'))).not.toBe(first);
  expect(forgotten).toEqual([key]);
});
