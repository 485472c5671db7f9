import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { ErrorCode } from '../../error-codes.ts';
import { RetryableError } from '../../errors.ts';
import { TokenKeeper } from './auth.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A keeper whose server gives `token-1`, `token-2` …, or fails with the code that the test sets. */
function start() {
  const clock = new FakeClock();
  const server = { asked: 0, fails: undefined as ErrorCode | undefined };
  const authenticate = (): Promise<string> => {
    server.asked += 1;
    return server.fails === undefined
      ? Promise.resolve(`token-${server.asked}`)
      : Promise.reject(new RetryableError(server.fails, 'refused'));
  };
  return { clock, server, keeper: new TokenKeeper(authenticate, { clock, log, random: () => 0 }) };
}

describe('the token', () => {
  it('is asked for once, however many ask at once, and kept', async () => {
    const { keeper, server } = start();
    expect(await Promise.all([keeper.token(), keeper.token(), keeper.token()])).toEqual([
      'token-1',
      'token-1',
      'token-1',
    ]);
    expect(await keeper.token()).toBe('token-1');
    expect(server.asked).toBe(1);
  });

  it('is replaced once when several calls find it refused', async () => {
    const { keeper, server, clock } = start();
    await keeper.token();
    clock.advance(300_000);
    keeper.refused('token-1');
    expect(keeper.isCurrent('token-1')).toBe(false);
    expect(await keeper.token()).toBe('token-2');
    keeper.refused('token-1');
    expect(await keeper.token()).toBe('token-2');
    expect(server.asked).toBe(2);
  });

  it('is not asked for in a storm where etcd refuses every one', async () => {
    const { keeper, server, clock } = start();
    for (let call = 0; call < 100; call += 1) {
      await keeper.token().then(
        (token) => keeper.refused(token),
        (error: unknown) => expect(error).toMatchObject({ code: 'ETCD_AUTH_FAILED' }),
      );
      clock.advance(10);
    }
    expect(server.asked).toBeLessThanOrEqual(4);
  });

  it('is asked for ever more seldom while user or password are refused, and at once when the wait is over', async () => {
    const { keeper, server, clock } = start();
    server.fails = 'ETCD_AUTH_FAILED';
    for (let second = 0; second < 120; second += 1) {
      await expect(keeper.token()).rejects.toMatchObject({ code: 'ETCD_AUTH_FAILED' });
      clock.advance(1_000);
    }
    expect(server.asked).toBeLessThanOrEqual(11);
    server.fails = undefined;
    clock.advance(30_000);
    expect(await keeper.token()).toMatch(/^token-/);
  });

  it('does not wait after a failure that is not about user or password', async () => {
    const { keeper, server } = start();
    server.fails = 'ETCD_UNAVAILABLE';
    for (let call = 0; call < 5; call += 1) {
      await expect(keeper.token()).rejects.toMatchObject({ code: 'ETCD_UNAVAILABLE' });
    }
    server.fails = undefined;
    expect(await keeper.token()).toBe('token-6');
  });

  it('is none where the server has authentication switched off', async () => {
    const { keeper, server } = start();
    server.fails = 'ETCD_AUTH_NOT_ENABLED';
    expect(await keeper.token()).toBeUndefined();
    expect(await keeper.token()).toBeUndefined();
    expect(server.asked).toBe(1);
  });
});
