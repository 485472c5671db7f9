import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { sleep } from '../clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import { RetryableError } from '../errors.ts';
import { createCache } from './cache.ts';
import type { KubeLog } from './options.ts';
import { SERVICES } from './resources.ts';
import type { KubeStreams } from './types.ts';

const log: KubeLog = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** The warnings that a log gets. */
function warningsIn(messages: string[]): KubeLog {
  return { ...log, warn: (_fields, message) => void messages.push(message) };
}

/** How often a cache asks in ten minutes of an apiserver that answers each list with that error, and what it warns of. */
async function tenMinutes(...codes: readonly ErrorCode[]): Promise<{ lists: number; warnings: string[] }> {
  const clock = new FakeClock();
  const warnings: string[] = [];
  let lists = 0;
  const streams = {
    // biome-ignore lint/correctness/useYield: every list fails before its first page
    async *pages() {
      const code = codes[Math.min(lists, codes.length - 1)] ?? 'KUBE_UNAVAILABLE';
      lists += 1;
      throw new RetryableError(code, `list services: ${code}`);
    },
    watch: () => expect.unreachable(),
  };
  const backoff = { baseMs: 800, maxMs: 30_000, jitter: 0 };
  const refusedBackoff = { baseMs: 800, maxMs: 300_000, jitter: 0 };
  const deps = { clock, log: warningsIn(warnings) };
  const cache = createCache(streams, SERVICES, { backoff, refusedBackoff }, deps);
  onTestFinished(() => cache.close());
  cache.start();
  for (let second = 0; second < 600; second += 1) {
    await turns(1);
    clock.advance(1000);
  }
  return { lists, warnings };
}

describe('a cache that cannot list', () => {
  it.each(['KUBE_FORBIDDEN', 'KUBE_NOT_SERVED'] as const)(
    'asks at leisure after %s, which lasts',
    async (code) => {
      const { lists } = await tenMinutes(code);
      expect(lists).toBeLessThanOrEqual(12);
    },
  );

  it.each(['KUBE_UNAVAILABLE', 'KUBE_TIMEOUT', 'KUBE_UNAUTHORIZED'] as const)(
    'asks at least each half minute after %s, which passes',
    async (code) => {
      const { lists } = await tenMinutes(code);
      expect(lists).toBeGreaterThanOrEqual(20);
    },
  );

  it('warns once of what lasts, and again of what is something else', async () => {
    const { warnings } = await tenMinutes('KUBE_UNAVAILABLE', 'KUBE_FORBIDDEN');
    expect(warnings).toHaveLength(2);
  });
});

describe('a cache that follows', () => {
  /** Watches of which each ends with an error after so many milliseconds, until the third stays. */
  async function warningsOfWatchesThatLive(lifeMs: number): Promise<readonly string[]> {
    const clock = new FakeClock();
    const warnings: string[] = [];
    let watches = 0;
    const streams: KubeStreams = {
      async *pages() {
        yield { items: [], resourceVersion: '1' };
      },
      // biome-ignore lint/correctness/useYield: a watch that says nothing
      async *watch(_resource, _options, signal, accepted) {
        watches += 1;
        accepted();
        const life = watches > 2 ? 1_000_000 : lifeMs;
        if (life > 0) {
          await sleep(clock, life, signal);
        }
        throw new RetryableError('KUBE_TIMEOUT', 'watch services: nothing came');
      },
    };
    const deps = { clock, log: warningsIn(warnings) };
    const cache = createCache(streams, SERVICES, {}, deps);
    onTestFinished(() => cache.close());
    cache.start();
    for (let second = 0; second < 300; second += 1) {
      await turns(1);
      clock.advance(1000);
    }
    expect(watches).toBe(3);
    return warnings;
  }

  it('does not warn of a watch that has lived and is replaced', async () => {
    expect(await warningsOfWatchesThatLive(90_000)).toEqual([]);
  });

  it('warns once of watches that end as soon as they have begun', async () => {
    expect(await warningsOfWatchesThatLive(0)).toHaveLength(1);
  });
});
