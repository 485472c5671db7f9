import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { TerminalError } from '../errors.ts';
import { createLogger } from '../telemetry/logging.ts';
import { runService } from './service.ts';

/** A service in a process that notes its exit instead of ending. */
function start(service: (signal: AbortSignal) => Promise<void>) {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const lines: string[] = [];
  const clock = new FakeClock();
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'info', format: 'json', replica: 'web-0', destination });
  const process = {
    on: emitter.on.bind(emitter),
    exit: (code: number) => void exits.push(code),
  } as unknown as NodeJS.Process;
  const ended = runService({ process, log, clock }, service);
  return { emitter, exits, lines, clock, ended };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function never(): Promise<void> {
  return new Promise(() => undefined);
}

describe('a service', () => {
  it.each(['SIGTERM', 'SIGINT'])('told to stop by %s stops and exits with 0', async (signal) => {
    const { emitter, exits, lines, ended } = start(untilAborted);
    emitter.emit(signal, signal);
    await ended;
    expect(exits).toEqual([0]);
    expect(lines.join('')).toContain(`"signal":"${signal}","msg":"Stopping"`);
  });

  it('that does not stop in time is ended within the five seconds that are promised', async () => {
    const { emitter, exits, lines, clock } = start(never);
    emitter.emit('SIGTERM', 'SIGTERM');
    clock.advance(4000);
    expect(exits).toEqual([]);
    clock.advance(999);
    expect(exits).toEqual([1]);
    expect(lines.at(-1)).toContain('Stopping took too long');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])('is ended at once by a second signal, here %s', (signal, code) => {
    const { emitter, exits } = start(never);
    emitter.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([]);
    emitter.emit(signal, signal);
    expect(exits).toEqual([code]);
  });

  it('that fails is logged with its code and exits with 1', async () => {
    const { exits, lines, ended } = start(async () => {
      throw new TerminalError('HTTP_ADDRESS_UNAVAILABLE', 'Cannot listen on --http-address :8080');
    });
    await ended;
    expect(exits).toEqual([1]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'fatal',
      error: { code: 'HTTP_ADDRESS_UNAVAILABLE', message: 'Cannot listen on --http-address :8080' },
    });
  });

  it.each(['uncaughtException', 'unhandledRejection'])(
    'is ended by an %s, with the place of the defect logged',
    async (event) => {
      const { emitter, exits, lines } = start(never);
      await turns(1);
      emitter.emit(event, new TypeError('x is undefined'));
      expect(exits).toEqual([1]);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        level: 'fatal',
        error: { message: 'x is undefined', stack: expect.stringContaining('service.test') },
      });
    },
  );
});
