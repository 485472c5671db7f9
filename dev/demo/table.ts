import type { PublishedAddress } from './published.ts';

/** The published addresses as a table of at most `rows` lines, at monotonic time `now` in milliseconds. */
export function table(addresses: readonly PublishedAddress[], now: number, rows: number): readonly string[] {
  const head = ['', line('ENDPOINTS shop/web', 'STATE', 'FOR')];
  const room = Math.max(1, rows - head.length);
  const shown = addresses.slice(0, addresses.length > room ? room - 1 : room);
  const left = addresses.length - shown.length;
  return [
    ...head,
    ...shown.map(({ address, ready, since }) =>
      line(address, ready ? 'ready' : 'not ready', `${Math.round((now - since) / 1000)} s`),
    ),
    ...(addresses.length === 0 ? ['(none)'] : []),
    ...(left > 0 ? [`… and ${left} more`] : []),
  ];
}

function line(address: string, state: string, age: string): string {
  return `${address.padEnd(32)} ${state.padEnd(10)} ${age}`;
}
