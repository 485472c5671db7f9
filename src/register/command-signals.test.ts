import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { CommandSignals } from './command-signals.ts';

function start() {
  const source = new EventEmitter();
  const sent: string[] = [];
  const signals = new CommandSignals(source as never, (name) => sent.push(name));
  return { source, sent, signals };
}

it('passes on at once what does not ask the command to end', () => {
  const { source, sent } = start();
  for (const name of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']) {
    source.emit(name, name);
  }
  expect(sent).toEqual(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']);
});

it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'])('holds %s back, and hurries at a second one', async (name) => {
  const { source, sent, signals } = start();
  source.emit(name, name);
  expect(await signals.stop).toBe(name);
  expect(signals.hurry.aborted).toBe(false);
  source.emit('SIGTERM', 'SIGTERM');
  expect(signals.hurry.aborted).toBe(true);
  expect(sent).toEqual([]);
});

it('passes everything on once the command has been told to end, until it is released', () => {
  const { source, sent, signals } = start();
  source.emit('SIGTERM', 'SIGTERM');
  signals.passAll();
  source.emit('SIGINT', 'SIGINT');
  signals.release();
  source.emit('SIGTERM', 'SIGTERM');
  source.emit('SIGHUP', 'SIGHUP');
  expect(sent).toEqual(['SIGINT']);
});
