import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import { RetryableError } from '../errors.ts';
import { createCache } from './cache.ts';
import { SERVICES } from './resources.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** How often a cache asks in ten minutes of an apiserver that answers each list with that error. */
async function listsInTenMinutes(code: ErrorCode): Promise<number> {
  const clock = new FakeClock();
  let lists = 0;
  const streams = {
    // biome-ignore lint/correctness/useYield: every list fails before its first page
    async *pages() {
      lists += 1;
      throw new RetryableError(code, 'list services');
    },
    watch: () => expect.unreachable(),
  };
  const backoff = { baseMs: 800, maxMs: 30_000, jitter: 0 };
  const refusedBackoff = { baseMs: 800, maxMs: 300_000, jitter: 0 };
  const cache = createCache(streams, SERVICES, { backoff, refusedBackoff }, { clock, log });
  onTestFinished(() => cache.close());
  cache.start();
  for (let second = 0; second < 600; second += 1) {
    await turns(1);
    clock.advance(1000);
  }
  return lists;
}

describe('a cache that cannot list', () => {
  it.each(['KUBE_FORBIDDEN', 'KUBE_NOT_SERVED'] as const)(
    'asks at leisure after %s, which lasts',
    async (code) => {
      expect(await listsInTenMinutes(code)).toBeLessThanOrEqual(12);
    },
  );

  it.each(['KUBE_UNAVAILABLE', 'KUBE_TIMEOUT', 'KUBE_UNAUTHORIZED'] as const)(
    'asks at least each half minute after %s, which passes',
    async (code) => {
      expect(await listsInTenMinutes(code)).toBeGreaterThanOrEqual(20);
    },
  );
});
