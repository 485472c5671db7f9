import { formatNames } from '../../src/formats/formats.ts';
import { rateOf } from '../reading.ts';
import type { World } from '../world.ts';

const seconds = 0.25;

/** How fast registrations are read, which needs no server. */
export const formats: World = {
  name: 'Formats',
  ids: ['decode'],
  measure(run) {
    const rates = formatNames
      .filter((name) => name !== 'auto')
      .map((name) => {
        const [own, auto] = [rateOf(name, name, seconds), rateOf(name, 'auto', seconds)];
        return `${name} ${thousands(own)} (${thousands(auto)})`;
      });
    run.tell({
      id: 'decode',
      what: 'registrations read in a second of CPU time by the name of their format (by `auto`)',
      ours: rates.join(', '),
      raw: '',
      goal: 'printed',
    });
    return Promise.resolve();
  },
};

function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} 000`;
}
