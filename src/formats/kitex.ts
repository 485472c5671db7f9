import { isInstanceInfo, readInstanceInfo, writeInstanceInfo } from './cloudwego.ts';
import { hertzRoot } from './hertz.ts';
import type { Format } from './types.ts';

/** What Kitex' registry for etcd writes. */
export const kitex: Format = {
  name: 'kitex',
  summary: 'Instances of Kitex. Metadata is the `weight`, 10 where it is not above 0, and the `tags`.',
  key: 'kitex/registry-etcd/<service>/<address>',
  value: 'JSON with network, address, weight and tags',
  example: {
    source: { prefix: 'kitex/registry-etcd/echo' },
    registrations: {
      'kitex/registry-etcd/echo/10.0.0.5:8888':
        '{"network":"tcp","address":"10.0.0.5:8888","weight":10,"tags":{"zone":"a"}}',
    },
  },
  traps:
    'No slash in front; with a user and password older versions leave the root out, so that keys are `/<service>/<address>`. IPv6 is written without brackets, which can be read in two ways: it is rejected.',
  compile: () => (entry) => ({ format: 'kitex', items: [readInstanceInfo(entry)] }),
  // The root is configurable: whatever is not at that of Hertz.
  recognises: (entry) => isInstanceInfo(entry) && !entry.key.startsWith(hertzRoot),
  write: writeInstanceInfo,
};
