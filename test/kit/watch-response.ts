import { type WatchAnswer, watchAnswerOf } from '../../src/etcd/client/watch-answer.ts';
import { etcdService, type WireWatchResponse } from './etcd-wire.ts';

type More = Readonly<Partial<Pick<WireWatchResponse, 'watch_id' | 'created' | 'fragment'>>>;

/** An answer of etcd on a watch, as its wire has it, with so many events of each revision, from 1 on. */
export function watchResponse(counts: readonly number[], more: More = {}): WireWatchResponse {
  const events = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, place) => ({
      type: 'Put' as const,
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
  };
}

/** The bytes of an answer, of which anything may be left out. */
export function watchMessage(response: object): Buffer {
  return etcdService('Watch').service['Watch']?.responseSerialize(response) ?? Buffer.alloc(0);
}

/** What is read of it. */
export function watchAnswer(response: WireWatchResponse): WatchAnswer {
  return watchAnswerOf(watchMessage(response));
}
