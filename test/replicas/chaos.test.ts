import { describe, expect, it } from 'vitest';
import type { AuditedWrite } from '../kit/audit.ts';
import { Chaos } from '../kit/chaos.ts';
import { measured } from '../kit/measured.ts';
import { overlaps, setReplicas, termsOf } from '../kit/replicas.ts';
import { Churn, unguarded } from '../kit/replicas-churn.ts';

/** Set by `npm run chaos`. */
const { CHAOS_SEED = '1', CHAOS_STEPS = '20' } = process.env;
const seed = Number(CHAOS_SEED);
const steps = Number(CHAOS_STEPS);

/** Starts and the end take a minute on a busy machine, a step a few seconds with the restart that it may ask for. */
const timeoutMs = 60_000 + steps * 8_000;

describe('the check for overlapping terms', () => {
  const write = (term: number, answeredAt: number, code = 200): AuditedWrite => ({
    ...{ replica: 'a', verb: 'update', resource: 'endpoints', namespace: 'a', name: 'a' },
    ...{ term, code, answeredAt, receivedAt: answeredAt - 1 },
  });

  it('finds what an earlier term changed after a later one had begun to', () => {
    const late = write(2, 30);
    expect(overlaps([write(2, 10), write(5, 20), late, write(5, 40)])).toEqual([late]);
  });

  it('lets pass what was refused, and what belongs to no term', () => {
    expect(overlaps([write(2, 10), write(5, 20), write(2, 30, 409), write(0, 40)])).toEqual([]);
  });
});

describe('fault 21: three replicas that are paused, cut off, killed and stopped at random', () => {
  it(
    `never change anything in two terms at once, and leave Kubernetes equal to etcd (seed ${seed}, ${steps} steps)`,
    async () => {
      const replicas = await setReplicas({ args: [unguarded] });
      const churn = await Churn.start(replicas.scene);
      const chaos = await Chaos.start(replicas, seed);
      try {
        await replicas.leader();
        for (let step = 0; step < steps; step += 1) {
          await chaos.step();
        }
        chaos.calm();
        await churn.stop();
        await replicas.leader();
        await churn.untilPublished();

        const writes = await replicas.writes();
        const changing = writes.filter(({ term, code }) => term > 0 && code < 300);
        const terms = new Set(changing.map(({ term }) => term));
        measured('changing writes', changing.length);
        measured('terms', terms.size);
        measured('writes of an ended term that changed something', overlaps(writes).length, { most: 0 });
        expect(overlaps(writes), chaos.history.join('\n')).toEqual([]);
        expect(terms.size).toBeGreaterThan(steps / 10);
        const numbers = replicas.all
          .flatMap(termsOf)
          .toSorted((a, b) => a.beganAt - b.beganAt)
          .map(({ number }) => number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      } catch (error) {
        console.log(`Again: npm run chaos -- --seed ${seed} --steps ${steps}\n${chaos.history.join('\n')}`);
        throw error;
      } finally {
        await chaos.close();
      }
    },
    timeoutMs,
  );
});
