import { expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { measured } from '../kit/measured.ts';
import { overlaps, setReplicas, termsOf } from '../kit/replicas.ts';
import { Churn, unguarded } from '../kit/replicas-churn.ts';

const steppingClock = new URL('wall-clock.mjs', import.meta.url).pathname;

it('fault 16: a wall clock that steps by an hour, forwards and back, costs no term and no event', async () => {
  const replicas = await setReplicas({
    args: [unguarded, '--log-level=debug'],
    env: { NODE_OPTIONS: `--import=${steppingClock}` },
  });
  const [churn] = await Promise.all([Churn.start(replicas.scene), replicas.startMany(2)]);
  const leader = await replicas.leader();

  for (const expected of [1, -1, 1, -1]) {
    const said = leader.lines.length;
    const written = (await replicas.writes()).length;
    for (const replica of replicas.all) {
      replica.signal('SIGUSR2');
    }
    // It goes on to work for longer than a keepalive takes, and its log shows what time it has.
    await churn.burst();
    await eventually(async () => expect((await replicas.writes()).length).toBeGreaterThan(written + 20));
    await eventually(() => {
      const times = leader.lines.slice(said).map(({ time }) => Date.parse(String(time)) - Date.now());
      expect(times.some((ahead) => Math.sign(ahead) === expected && Math.abs(ahead) > 3_000_000)).toBe(true);
    });
  }
  await churn.stop();
  await churn.untilPublished();

  const terms = replicas.all.flatMap(termsOf);
  measured('terms that a step of the clock ended', terms.length - 1, { most: 0 });
  expect(await replicas.leader()).toBe(leader);
  expect(overlaps(await replicas.writes())).toEqual([]);
});
