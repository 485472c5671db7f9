import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { slicesWish } from '../../../test/kit/pack.ts';
import { SliceStore } from '../../../test/kit/slice-store.ts';
import { planSlices } from './plan-slices.ts';

interface History {
  readonly max: number;
  readonly steps: readonly {
    readonly endpoints: readonly (readonly [ip: string, port: number, ready: boolean])[];
    readonly kubernetes: Readonly<Record<'create' | 'update' | 'delete' | 'slices', number>>;
  }[];
}

const file = new URL('../../../test/data/packing-histories/histories.json.gz', import.meta.url);
const histories: readonly History[] = JSON.parse(gunzipSync(readFileSync(file)).toString());

/** Writes over a history, and slices at its end. */
interface Toll {
  readonly writes: number;
  readonly slices: number;
}

function kubernetesToll({ steps }: History): Toll {
  const writes = steps.map(({ kubernetes }) => kubernetes.create + kubernetes.update + kubernetes.delete);
  return { writes: writes.reduce((a, b) => a + b, 0), slices: steps.at(-1)?.kubernetes.slices ?? 0 };
}

function ourToll({ max, steps }: History): Toll {
  const store = new SliceStore();
  let writes = 0;
  for (const { endpoints } of steps) {
    const wish = slicesWish({
      maxEndpoints: max,
      endpoints: endpoints.map(([address, port, ready]) => ({
        address,
        ready,
        ports: [{ name: 'http', port, protocol: 'TCP' }],
      })),
    });
    writes += store.apply(planSlices(wish, store.slices));
  }
  return { writes, slices: store.slices.length };
}

function total(tolls: readonly Toll[], of: keyof Toll): number {
  return tolls.reduce((sum, toll) => sum + toll[of], 0);
}

it('needs over no history more writes than Kubernetes, fewer in all, and leaves no more slices', () => {
  const ours = histories.map(ourToll);
  const kubernetes = histories.map(kubernetesToll);
  const above = ours.flatMap((toll, index) => {
    const other = kubernetes[index];
    return other === undefined || toll.writes > other.writes || toll.slices > other.slices
      ? [{ index, toll, other }]
      : [];
  });
  const numbers = (['writes', 'slices'] as const).map(
    (of) => `${of}: ${total(ours, of)} of ours, ${total(kubernetes, of)} of Kubernetes`,
  );
  expect(above, numbers.join('; ')).toEqual([]);
  expect(total(ours, 'writes'), numbers.join('; ')).toBeLessThan(total(kubernetes, 'writes'));
});
