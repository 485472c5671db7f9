import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { RetryableError, TerminalError } from '../errors.ts';
import { etcdError, isOutage, mayWorkElsewhere } from './errors.ts';

function errorOf(code: status, details: string) {
  return etcdError({ code, details }, '10.0.0.1:2379', 'KV.Range');
}

describe('an error of etcd', () => {
  // Statuses and messages as in etcd, api/v3rpc/rpctypes/error.go, and grpc-js.
  it.each([
    { code: status.UNAVAILABLE, details: 'etcdserver: no leader', as: 'ETCD_NO_LEADER' },
    {
      code: status.UNAVAILABLE,
      details: 'etcdserver: request timed out, possibly due to connection lost',
      as: 'ETCD_TIMEOUT',
    },
    { code: status.UNAVAILABLE, details: 'No connection established', as: 'ETCD_UNAVAILABLE' },
    { code: status.UNAVAILABLE, details: 'etcdserver: leader changed', as: 'ETCD_UNAVAILABLE' },
    { code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded after 10s', as: 'ETCD_TIMEOUT' },
    { code: status.UNAUTHENTICATED, details: 'etcdserver: invalid auth token', as: 'ETCD_TOKEN_REFUSED' },
    {
      code: status.INVALID_ARGUMENT,
      details: 'etcdserver: revision of auth store is old',
      as: 'ETCD_TOKEN_REFUSED',
    },
    { code: status.INVALID_ARGUMENT, details: 'etcdserver: user name is empty', as: 'ETCD_TOKEN_REFUSED' },
    {
      code: status.INVALID_ARGUMENT,
      details: 'etcdserver: authentication failed, invalid user ID or password',
      as: 'ETCD_AUTH_FAILED',
    },
    {
      code: status.FAILED_PRECONDITION,
      details: 'etcdserver: authentication is not enabled',
      as: 'ETCD_AUTH_NOT_ENABLED',
    },
    {
      code: status.PERMISSION_DENIED,
      details: 'etcdserver: permission denied',
      as: 'ETCD_PERMISSION_DENIED',
    },
    {
      code: status.OUT_OF_RANGE,
      details: 'etcdserver: mvcc: required revision has been compacted',
      as: 'ETCD_COMPACTED',
    },
    {
      code: status.OUT_OF_RANGE,
      details: 'etcdserver: mvcc: required revision is a future revision',
      as: 'ETCD_FUTURE_REVISION',
    },
    {
      code: status.RESOURCE_EXHAUSTED,
      details: 'Received message larger than max (5 vs 4)',
      as: 'ETCD_MESSAGE_TOO_LARGE',
    },
    {
      code: status.RESOURCE_EXHAUSTED,
      details: 'etcdserver: mvcc: database space exceeded',
      as: 'ETCD_NO_SPACE',
    },
    { code: status.RESOURCE_EXHAUSTED, details: 'etcdserver: too many requests', as: 'ETCD_OVERLOADED' },
    { code: status.UNIMPLEMENTED, details: 'Received HTTP status code 404', as: 'ETCD_NOT_ETCD' },
  ])('$details is $as', ({ code, details, as }) => {
    const error = errorOf(code, details);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: as, subject: '10.0.0.1:2379' });
    expect(error.message).toMatch(/^etcd 10\.0\.0\.1:2379 .+\(KV\.Range: .+\)$/);
  });

  it('is terminal where only another request can help', () => {
    expect(errorOf(status.INVALID_ARGUMENT, 'etcdserver: key is not provided')).toBeInstanceOf(TerminalError);
  });

  it('sends a read to another member only where that one may know better', () => {
    expect(mayWorkElsewhere(errorOf(status.UNAVAILABLE, 'etcdserver: no leader'))).toBe(true);
    expect(mayWorkElsewhere(errorOf(status.DEADLINE_EXCEEDED, ''))).toBe(true);
    expect(mayWorkElsewhere(errorOf(status.PERMISSION_DENIED, 'etcdserver: permission denied'))).toBe(false);
    expect(
      mayWorkElsewhere(
        errorOf(status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'),
      ),
    ).toBe(false);
    expect(mayWorkElsewhere(new Error('etcdserver: no leader'))).toBe(false);
  });

  it('is an outage where it is not about one request', () => {
    expect(isOutage(errorOf(status.UNAVAILABLE, ''))).toBe(true);
    expect(
      isOutage(
        errorOf(status.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password'),
      ),
    ).toBe(true);
    expect(isOutage(errorOf(status.PERMISSION_DENIED, 'etcdserver: permission denied'))).toBe(false);
  });

  it("repeats no more of a server's words than fits a message", () => {
    expect(errorOf(status.UNKNOWN, 'x'.repeat(100_000)).message.length).toBeLessThan(500);
  });
});
