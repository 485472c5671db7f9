import { isInstanceInfo, readInstanceInfo, writeInstanceInfo } from './cloudwego.ts';
import type { Format } from './types.ts';

/** Where Hertz registers. */
export const hertzRoot = 'hertz/';

/** What Hertz' registry for etcd writes. */
export const hertz: Format = {
  name: 'hertz',
  summary: 'Instances of Hertz. Metadata is the `weight`, 10 where it is not above 0, and the `tags`.',
  key: 'hertz/registry-etcd/<service>/<address>',
  value: 'JSON with network, address, weight and tags',
  example: {
    source: { prefix: 'hertz/registry-etcd/hello' },
    registrations: {
      'hertz/registry-etcd/hello/10.0.0.5:8888':
        '{"network":"tcp","address":"10.0.0.5:8888","weight":10,"tags":null}',
    },
  },
  traps: 'No slash in front. IPv6 is written in brackets, unlike by Kitex.',
  compile: () => (entry) => ({ format: 'hertz', items: [readInstanceInfo(entry)] }),
  recognises: (entry) => isInstanceInfo(entry) && entry.key.startsWith(hertzRoot),
  write: writeInstanceInfo,
};
