import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../bytes.ts';
import { keyOf } from '../key.ts';
import type { Registration } from '../types.ts';
import { nextStep, type Wish } from './registration-step.ts';

const [own, former, foreign, none] = ['1', '2', '3', '0'];

function found(value: string, lease: string): Registration {
  return { key: keyOf('k'), value: bytesOf(value), lease, createRevision: 1, modRevision: 1 };
}

function wish(differing: Partial<Wish> = {}): Wish {
  return {
    value: bytesOf('v'),
    lease: own,
    isOwn: (lease) => lease === own || lease === former,
    claimed: true,
    takeover: false,
    ...differing,
  };
}

describe('what to do about a registered key', () => {
  it.each([
    ['put it where it is gone', undefined, wish(), 'put'],
    ['nothing where it is as wanted', found('v', own), wish(), 'done'],
    ['put another value that is wanted', found('old', own), wish(), 'put'],
    ['put it where it has a former lease of ours', found('v', former), wish(), 'put'],
    ['put it where somebody has taken its lease away', found('v', none), wish(), 'put'],
    ['leave it to whoever has overwritten it', found('w', foreign), wish(), 'theirs'],
    ['leave it to whoever has overwritten it without a lease', found('w', none), wish(), 'theirs'],
    ['not fight with whoever has taken it with the same value', found('v', foreign), wish(), 'theirs'],
    ['take over the same value at first', found('v', foreign), wish({ claimed: false }), 'put'],
    ['not take another value at first', found('w', foreign), wish({ claimed: false }), 'theirs'],
    [
      'take another value where told to',
      found('w', foreign),
      wish({ claimed: false, takeover: true }),
      'put',
    ],
    ['not take it again where told to', found('w', foreign), wish({ takeover: true }), 'theirs'],
    ['delete it where it is to go', found('v', own), wish({ value: undefined }), 'delete'],
    ['not delete what is somebody else’s', found('v', foreign), wish({ value: undefined }), 'done'],
    ['nothing where it is to go and has gone', undefined, wish({ value: undefined }), 'done'],
  ] as const)('is to %s', (_, registration, wanted, step) => {
    expect(nextStep(registration, wanted)).toBe(step);
  });

  it('never lets two who want one key undo each other for ever', () => {
    const values = fc.constantFrom('v', 'w');
    fc.assert(
      fc.property(values, values, fc.boolean(), fc.boolean(), (valueA, valueB, takeoverA, takeoverB) => {
        const parties = [
          { value: valueA, lease: '1', takeover: takeoverA, claimed: false },
          { value: valueB, lease: '2', takeover: takeoverB, claimed: false },
        ];
        let state: Registration | undefined;
        let puts = 0;
        for (let turn = 0; turn < 20; turn += 1) {
          for (const party of parties) {
            const wanted = wish({
              ...party,
              value: bytesOf(party.value),
              isOwn: (lease) => lease === party.lease,
            });
            const step = nextStep(state, wanted);
            if (step === 'put') {
              puts += 1;
              state = found(party.value, party.lease);
            }
            party.claimed ||= step !== 'theirs';
          }
        }
        expect(puts).toBeLessThanOrEqual(2);
      }),
    );
  });
});
