import type { SlicesWish } from '../../src/endpoints/pack/types.ts';

/** What the slices of Service `shop/web` should say: nothing special, unless `more` says so. */
export function slicesWish(more: Partial<SlicesWish> = {}): SlicesWish {
  return {
    namespace: 'shop',
    name: 'web',
    etcdService: 'web',
    serviceLabels: {},
    headless: false,
    publishNotReadyAddresses: false,
    zoneHints: false,
    ownerReferences: [],
    endpoints: [],
    maxEndpoints: 100,
    families: ['IPv4'],
    ...more,
  };
}
