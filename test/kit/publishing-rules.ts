import type { PublishingRules } from '../../src/endpoints/resolve.ts';

/** Rules that let every IPv4 instance be published for one unnamed port. */
export function plainRules(port = 80): PublishingRules {
  return {
    ports: [{ name: '', port, protocol: 'TCP' }],
    families: ['IPv4'],
    headless: false,
    zoneHints: false,
    zoneOf: () => ({ kind: 'none' }),
    marksOf: () => noMarks,
    refuses: () => undefined,
    admits: () => true,
  };
}

const noMarks = { flaws: [] };
