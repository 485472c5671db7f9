import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { Connection } from '../types.ts';
import { ConnectionState } from './connection-state.ts';

function start() {
  const lines: string[] = [];
  const keep = (_: object, message: string): void => {
    lines.push(message);
  };
  const clock = new FakeClock();
  const state = new ConnectionState(clock, { debug: keep, info: keep, warn: keep, error: keep });
  const transitions: Connection[] = [];
  state.onTransition((connection) => transitions.push(connection));
  return { state, clock, lines, transitions };
}

const away = new Error('away');
const noStream = new Error('no stream');

it('is not connected before a first answer', () => {
  const { state, clock } = start();
  state.stream(undefined);
  expect(state.current).toMatchObject({ connected: false, since: clock.now(), error: undefined });
  state.read(undefined);
  expect(state.current.connected).toBe(true);
});

it('is connected while both reads and the stream work, and tells each transition once with its time', () => {
  const { state, clock, transitions } = start();
  state.read(undefined);
  clock.advance(1_000);
  const lostAt = clock.now();
  state.stream(noStream);
  state.read(away);
  state.read(away);
  clock.advance(1_000);
  state.read(undefined);
  expect(state.current).toMatchObject({ connected: false, since: lostAt, error: noStream });
  state.stream(undefined);
  expect(transitions.map(({ connected }) => connected)).toEqual([true, false, true]);
  expect(transitions.map(({ since }) => since - lostAt)).toEqual([-1_000, 0, 1_000]);
});

it('logs an outage once, from the very start too', () => {
  const { state, lines } = start();
  state.read(away);
  state.read(away);
  state.stream(noStream);
  expect(lines).toHaveLength(1);
  state.stream(undefined);
  state.read(undefined);
  expect(lines).toHaveLength(2);
});

it('tells the other listeners where one throws, and none that has ended', () => {
  const { state, transitions } = start();
  const end = state.onTransition(() => {
    throw new Error('a listener');
  });
  const later: Connection[] = [];
  state.onTransition((connection) => later.push(connection));
  state.read(undefined);
  expect([transitions, later].map(({ length }) => length)).toEqual([1, 1]);
  end();
  state.read(away);
  expect(later).toHaveLength(2);
});
