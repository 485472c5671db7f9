import { describe, expect, it } from 'vitest';
import {
  identityOf,
  newHolder,
  releasedLease,
  renewedLease,
  takenLease,
  termOf,
} from './lease-elector-record.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0, 5);
const claimant = { namespace: 'shop', name: 'main', holder: newHolder('web-0'), ttlSeconds: 15 };
const taken = takenLease(undefined, claimant, 1, now);

describe('the record in a Lease', () => {
  it('tells replicas of one identity apart, and still shows it', () => {
    expect(newHolder('web-0')).not.toBe(newHolder('web-0'));
    expect(identityOf(newHolder('web_0'))).toBe('web_0');
    expect(identityOf('web-0_c2b5b7f2-0d2c-4c5f-8f0a-3f1c6f3c9b11')).toBe(
      'web-0_c2b5b7f2-0d2c-4c5f-8f0a-3f1c6f3c9b11',
    );
  });

  it('carries times of six digits, as the API wants them', () => {
    expect(taken.spec).toMatchObject({
      acquireTime: '2026-01-01T12:00:00.005000Z',
      renewTime: '2026-01-01T12:00:00.005000Z',
    });
  });

  it('changes with each renewal, also where the wall clock shows the same time again', () => {
    expect(renewedLease(taken, now).spec?.renewTime).not.toBe(taken.spec?.renewTime);
    expect(renewedLease(taken, now).spec).toMatchObject({ acquireTime: taken.spec?.acquireTime });
  });

  it('keeps what others wrote on the object, and its number where it is renewed or released', () => {
    const noted = { ...taken, metadata: { ...taken.metadata, annotations: { note: 'kept' } } };
    const later = takenLease(noted, claimant, termOf(noted) + 1, now);
    expect(later.metadata).toEqual(noted.metadata);
    expect([taken, later, renewedLease(later, now), releasedLease(later, now)].map(termOf)).toEqual([
      1, 2, 2, 2,
    ]);
  });
});
