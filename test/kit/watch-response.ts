import type { WatchResponse } from '../../src/etcd/client/etcd3.ts';

/** An answer of etcd on a watch, as its wire has it, with so many events of each revision, from 1 on. */
export function watchResponse(
  counts: readonly number[],
  more: Readonly<Partial<Record<'watch_id' | 'created' | 'fragment', unknown>>> = {},
): WatchResponse {
  const events = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, place) => ({
      type: 'Put',
      kv: {
        key: Buffer.from(`/web/${place}`),
        value: Buffer.from('10.0.0.1:80'),
        create_revision: '1',
        mod_revision: String(index + 1),
        version: '1',
        lease: '0',
      },
    })),
  );
  return {
    header: { cluster_id: '7', member_id: '1', revision: '1000', raft_term: '2' },
    watch_id: '3',
    created: false,
    canceled: false,
    compact_revision: '0',
    cancel_reason: '',
    fragment: false,
    events,
    ...more,
  } as unknown as WatchResponse;
}
