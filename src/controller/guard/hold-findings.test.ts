import { describe, expect, it } from 'vitest';
import type { EtcdService } from '../../api/etcd-service.ts';
import type { Hold } from '../../endpoints/guard/hold.ts';
import type { Verdict } from './guard-types.ts';
import { removalFinding, shownHold } from './hold-findings.ts';

const hold: Hold = {
  id: 'bcdf23',
  scope: 'Service',
  startedAt: Date.parse('2026-11-29T10:00:00Z'),
  until: Date.parse('2026-11-29T10:05:00Z'),
  loss: { lost: 12, stood: 20 },
};

const verdict = { hold, held: [], isFinal: true } as unknown as Verdict;

/** An EtcdService, with what somebody has written in its annotation to release a hold. */
function annotated(released?: string): EtcdService {
  const annotations = released === undefined ? {} : { 'etcd-endpoints.io/release-hold': released };
  return { metadata: { namespace: 'shop', name: 'web', annotations } } as unknown as EtcdService;
}

function messageTo(object: EtcdService): string {
  return removalFinding(verdict, object, hold.startedAt)?.message ?? '';
}

describe('the condition RemovalHeld', () => {
  it('answers an annotation that names another hold with the id that would release this one', () => {
    expect(messageTo(annotated('xwz789'))).toMatch(
      /; the annotation etcd-endpoints\.io\/release-hold names hold xwz789, which is not this one: give it bcdf23 to release this one$/,
    );
  });

  it.each(['', 'yes', 'BCDF23', `${'x'.repeat(10_000)}`])(
    'answers an annotation that names no hold, without repeating it',
    (value) => {
      expect(messageTo(annotated(value))).toMatch(/release-hold names no hold: give it bcdf23/);
    },
  );

  it('says nothing of an annotation that is not there, or releases the hold', () => {
    expect(messageTo(annotated())).not.toContain('annotation');
    expect(messageTo(annotated('bcdf23'))).not.toContain('annotation');
  });

  it('is read back as the hold that it tells, with or without an answer', () => {
    for (const object of [annotated(), annotated('xwz789')]) {
      const condition = {
        type: 'RemovalHeld',
        status: 'True',
        message: messageTo(object),
        lastTransitionTime: '2026-11-29T10:00:00Z',
      };
      const told = { ...object, status: { conditions: [condition] } } as unknown as EtcdService;
      expect(shownHold(told)).toEqual({ ...hold, held: 0 });
    }
  });
});
