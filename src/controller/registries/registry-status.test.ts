import { describe, expect, it } from 'vitest';
import type { EtcdRegistryStatus } from '../../api/etcd-registry.ts';
import { RetryableError } from '../../errors.ts';
import { keyOf, prefixRange } from '../../etcd/key.ts';
import { Unconnectable } from '../../registries/credentials.ts';
import { isTransition, nextRegistryStatus, type RegistryFacts } from './registry-status.ts';

const t0 = Date.UTC(2026, 0, 1);
const idle = { ranges: 0, watches: 0, unlisted: 0, refusals: [], keys: 0, revision: 0 };
const connected: RegistryFacts = {
  problem: undefined,
  connection: { connected: true, since: t0, sinceMonotonic: 0, error: undefined },
  stats: idle,
  version: '3.5.30',
  rangesKnown: true,
};
const away = (error?: Error): RegistryFacts => ({
  ...connected,
  connection: { connected: false, since: t0, sinceMonotonic: 0, error },
});

function next(
  facts: RegistryFacts,
  { before = {}, afterMs = 0 }: { before?: EtcdRegistryStatus; afterMs?: number } = {},
) {
  return nextRegistryStatus({ facts, before, generation: 1, now: t0 + afterMs, monotonicNow: afterMs });
}

/** The conditions of a status as `Connected True/Connected`. */
function conditionsOf({ conditions = [] }: EtcdRegistryStatus): readonly string[] {
  return conditions.map(({ type, status, reason }) => `${type} ${status}/${reason}`);
}

describe('the status of a registry', () => {
  it('says that it is connected and followed, with version, keys and revision', () => {
    const status = next({ ...connected, stats: { ...idle, ranges: 2, keys: 7, revision: 99 } });
    expect(conditionsOf(status)).toEqual([
      'Connected True/Connected',
      'Synced True/Synced',
      'ServiceRangesKnown True/RangesKnown',
    ]);
    expect(status).toMatchObject({
      keys: 7,
      revision: '99',
      clusterVersion: '3.5.30',
      observedGeneration: 1,
    });
  });

  it('is the same again where nothing but the revision has moved', () => {
    const stats = { ...idle, ranges: 2, keys: 7, revision: 99 };
    const before = next({ ...connected, stats });
    expect(next({ ...connected, stats: { ...stats, revision: 120 } }, { before, afterMs: 60_000 })).toEqual(
      before,
    );
    expect(next({ ...connected, stats: { ...stats, keys: 8, revision: 120 } }, { before }).revision).toBe(
      '120',
    );
  });

  it('stays as it was through the first moments of a process and of an outage', () => {
    const before = next(connected);
    expect(conditionsOf(next(away(), { before }))).toEqual(conditionsOf(before));
    const outage = away(new RetryableError('ETCD_UNAVAILABLE', 'etcd a is not available'));
    expect(conditionsOf(next(outage, { before, afterMs: 9000 }))).toEqual(conditionsOf(before));
    expect(conditionsOf(next(outage, { before, afterMs: 11_000 })).slice(0, 2)).toEqual([
      'Connected False/Disconnected',
      'Synced Unknown/NotConnected',
    ]);
  });

  it('tells at once what no waiting mends', () => {
    const reasonOf = (error: Error): string => conditionsOf(next(away(error)))[0] ?? '';
    expect(reasonOf(new RetryableError('ETCD_AUTH_FAILED', 'x'))).toBe(
      'Connected False/AuthenticationFailed',
    );
    expect(reasonOf(new RetryableError('ETCD_CERTIFICATE_INVALID', 'x'))).toBe(
      'Connected False/CertificateInvalid',
    );
    expect(reasonOf(new RetryableError('ETCD_CERTIFICATE_REFUSED', 'x'))).toBe(
      'Connected False/CertificateRefused',
    );
  });

  it('names what is wrong with a Secret, also while etcd answers by what was in use before', () => {
    const problem = new Unconnectable('SecretIncomplete', 'Secret login has no password');
    const [failing] = next({ ...away(), problem }).conditions ?? [];
    expect(failing).toMatchObject({ status: 'False', reason: 'SecretIncomplete', message: problem.message });
    const [former] = next({ ...connected, problem }).conditions ?? [];
    expect(former).toMatchObject({ status: 'True', reason: 'FormerCredentials' });
    expect(former?.message).toContain(problem.message);
  });

  it('does not change with the member that words a refusal, nor with the time until the next try', () => {
    const refusal = (member: string, seconds: number): Error =>
      new RetryableError('ETCD_AUTH_FAILED', `etcd ${member} refuses; asking again in ${seconds} s`, {
        cause: new RetryableError('ETCD_AUTH_FAILED', `etcd ${member} refuses`),
        retryAfterMs: seconds * 1000,
      });
    const before = next(away(refusal('a', 3)));
    expect(before.conditions?.[0]?.message).toBe('etcd a refuses');
    expect(next(away(refusal('b', 2)), { before, afterMs: 1000 })).toEqual(before);
  });

  it('names a range that may not be read', () => {
    const error = new RetryableError('ETCD_PERMISSION_DENIED', 'etcd a denies this');
    const refusals = [{ range: prefixRange(keyOf('/services/')), error }];
    const [, synced] =
      next({ ...connected, stats: { ...idle, ranges: 3, unlisted: 1, refusals } }).conditions ?? [];
    expect(synced).toMatchObject({
      status: 'False',
      reason: 'PrefixUnreadable',
      message: '1 of 3 prefixes cannot be followed, such as /services/: the user may not read that range',
    });
  });

  it('tells a list that takes long, and not one that has just begun', () => {
    const listing = { ...connected, stats: { ...idle, ranges: 3, unlisted: 1 } };
    const before = next(connected);
    expect(conditionsOf(next(listing, { before, afterMs: 5000 }))[1]).toBe('Synced True/Synced');
    expect(conditionsOf(next(listing, { before, afterMs: 40_000 }))[1]).toBe('Synced Unknown/Listing');
  });

  it('has changed in more than counters where a condition or the version has', () => {
    const before = next(connected);
    expect(isTransition(before, next({ ...connected, stats: { ...idle, keys: 5 } }, { before }))).toBe(false);
    expect(isTransition(before, next({ ...connected, rangesKnown: false }, { before }))).toBe(true);
    expect(isTransition(before, next({ ...connected, version: '3.6.1' }, { before }))).toBe(true);
  });
});
