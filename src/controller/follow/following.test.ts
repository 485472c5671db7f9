import { describe, expect, it } from 'vitest';
import { etcdService } from '../../../test/kit/etcd-services.ts';
import { MemoryRegistry } from '../../../test/kit/memory-registry.ts';
import { parseSpec } from '../../api/parse.ts';
import { bytesOf } from '../../etcd/bytes.ts';
import { keyOf, rangeHolds } from '../../etcd/key.ts';
import { type FormatName, formatNames, formats } from '../../formats/formats.ts';
import type { Example, Format, Reading } from '../../formats/types.ts';
import { followingOf } from './following.ts';

const rules = () => ({ refuses: () => undefined, zoneOf: () => undefined });

/** How an EtcdService of a registry with that root reads the registrations of an example. */
function readBelow(
  root: string,
  format: FormatName,
  { source, registrations }: Example,
): readonly (Reading | 'not followed')[] {
  const parsed = parseSpec(etcdService('web', { ...source, format, ports: [{ port: 80 }] }));
  const spec = 'ok' in parsed ? parsed.ok : expect.unreachable();
  const registry = { name: 'company', source: new MemoryRegistry(), root, rules, rulesId: root };
  const following = followingOf({ spec }, { ports: [], leftOut: 0, service: undefined }, registry, 1_000_000);
  const { read } = following.rules();
  const values = new Map(
    Object.entries(registrations).map(([key, value]) => [keyOf(root + key), bytesOf(value)] as const),
  );
  return [...values].map(([key, value]) =>
    rangeHolds(following.range, key)
      ? read({ key, value }, (other) => values.get(other))
      : ('not followed' as const),
  );
}

describe('an EtcdService of a registry with a root', () => {
  it.each(formatNames)(
    'reads registrations of %s as one of a registry without a root, named or by auto',
    (name) => {
      const { example } = formats[name] as Format<unknown>;
      for (const format of [name, 'auto'] as const) {
        const readings = readBelow('/prod', format, example);
        expect(readings).not.toContain('not followed');
        expect(readings).toEqual(readBelow('', format, example));
      }
    },
  );
});
