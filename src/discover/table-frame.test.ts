import { describe, expect, it } from 'vitest';
import { keyOf } from '../etcd/key.ts';
import type { Item } from '../formats/types.ts';
import type { Discovered } from './discovered.ts';
import { liveFrame } from './live-frame.ts';
import { tableFrame, tableSummary } from './table-frame.ts';
import { renderLine } from './terminal-text.ts';

function instance(address: string, ready = true): Item {
  return { kind: 'instance', instance: { address, ports: { '': 80 }, ready, metadata: {} } };
}

function registered(key: string, lease: string, ...items: readonly Item[]): Discovered {
  return { key: keyOf(key), createRevision: 1, modRevision: 1, lease, format: 'plain', items };
}

const registrations = [
  registered('/web/1', '255', instance('10.0.0.1')),
  registered('/web/2', '0', instance('10.0.0.22', false), instance('10.0.0.3')),
  registered('/web/\x1b[2J', '0', {
    kind: 'rejected',
    reason: 'InvalidAddress',
    message: 'a loopback address',
  }),
];
const everything = { columns: undefined, rows: undefined };

function text(lines: ReturnType<typeof tableFrame>): string[] {
  return lines.map((line) => renderLine(line, undefined, false));
}

describe('the table', () => {
  it('has an instance a line, in columns', () => {
    expect(text(tableFrame(registrations, everything))).toEqual([
      'KEY             INSTANCE      STATE',
      '/web/1          10.0.0.1:80   ready',
      '/web/2          10.0.0.22:80  not ready',
      '/web/2          10.0.0.3:80   ready',
      '/web/\\u{1b}[2J  -             InvalidAddress: a loopback address',
    ]);
    expect(tableSummary(registrations)).toBe('3 keys, 2 ready, 1 not ready, 1 rejected');
  });

  it('shows leases as etcdctl names them, and the time that remains', () => {
    const remainingSeconds = (lease: string): number | undefined => (lease === '255' ? 12 : undefined);
    expect(text(tableFrame(registrations, { ...everything, remainingSeconds })).slice(0, 3)).toEqual([
      'KEY             INSTANCE      TTL   LEASE             STATE',
      '/web/1          10.0.0.1:80   12 s  00000000000000ff  ready',
      '/web/2          10.0.0.22:80  -     -                 not ready',
    ]);
  });

  it('keeps the end of a long key on a narrow terminal, and makes no more rows than asked for', () => {
    const long = registered('/services/production/web-1', '0', instance('10.0.0.1'));
    expect(text(tableFrame([long, ...registrations], { columns: 40, rows: 2 }))).toEqual([
      'KEY                   INSTANCE     STATE',
      '…es/production/web-1  10.0.0.1:80  ready',
      '/web/1                10.0.0.1:80  ready',
    ]);
  });
});

describe('a live view', () => {
  const lines = text(tableFrame(registrations, everything)).map((line) => [{ text: line }]);
  const content = { title: '/web/', trouble: undefined, lines, more: 0 };

  it('shows everything where it fits', () => {
    expect(liveFrame(content, { columns: 80, rows: 6 }, false)).toHaveLength(6);
    expect(liveFrame({ ...content, trouble: 'no etcd' }, { columns: 80, rows: 7 }, false)[1]).toBe('no etcd');
  });

  it('counts what does not fit', () => {
    expect(liveFrame({ ...content, more: 10 }, { columns: 80, rows: 4 }, false)).toEqual([
      '/web/',
      'KEY             INSTANCE      STATE',
      '/web/1          10.0.0.1:80   ready',
      '… and 13 more',
    ]);
  });

  it.each([1, 2, 3])('fits a terminal of %d lines', (rows) => {
    expect(liveFrame({ ...content, trouble: 'no etcd' }, { columns: 10, rows }, true)).toHaveLength(rows);
  });
});
