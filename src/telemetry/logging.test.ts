import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RetryableError } from '../errors.ts';
import { createLogger, type Logger, type LoggerOptions } from './logging.ts';

interface Captured {
  readonly log: Logger;
  readonly lines: string[];
  last(): Record<string, unknown>;
}

function capture(options: Partial<LoggerOptions> = {}): Captured {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'info', format: 'json', replica: 'web-0', destination, ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') };
}

describe('a log line as JSON', () => {
  it('has time, level, replica, fields and a constant message', () => {
    const { log, lines, last } = capture();
    log.info({ etcdService: 'shop/web', revision: 81_723 }, 'Published endpoints');
    expect(lines[0]).toMatch(/\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      replica: 'web-0',
      etcdService: 'shop/web',
      revision: 81_723,
      msg: 'Published endpoints',
    });
  });

  it('is left out below the level', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.info({}, 'no');
    log.warn({}, 'yes');
    expect(lines).toHaveLength(1);
  });

  it('describes an error with its code, its subject and its causes, and no stack', () => {
    const { log, last } = capture();
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:2379'), { code: 'ECONNREFUSED' });
    const error = new RetryableError('ETCD_UNAVAILABLE', 'etcd does not answer', {
      subject: '10.0.0.1:2379',
      cause,
    });
    log.error({ error }, 'Could not list');
    expect(last()['error']).toEqual({
      name: 'RetryableError',
      code: 'ETCD_UNAVAILABLE',
      subject: '10.0.0.1:2379',
      message: 'etcd does not answer',
      cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.1:2379' },
    });
  });

  it('shows where a defect is', () => {
    const { log, last } = capture();
    log.error({ error: new TypeError('x is undefined') }, 'Could not reconcile');
    expect(last()['error']).toMatchObject({
      message: 'x is undefined',
      stack: expect.stringContaining('logging.test'),
    });
  });

  it('has the fields of a child logger, and those of the line', () => {
    const { log, last } = capture();
    log.child({ registry: 'default' }).child({ range: '/web/' }).info({ keys: 3 }, 'Listed');
    expect(last()).toMatchObject({ replica: 'web-0', registry: 'default', range: '/web/', keys: 3 });
  });

  it('survives an error that is its own cause, and a field that holds itself', () => {
    const { log, last } = capture();
    const error = new Error('round');
    error.cause = error;
    const field: Record<string, unknown> = {};
    field['self'] = field;
    log.error({ error, field }, 'round');
    expect(last()['msg']).toBe('round');
  });

  it('names the errors in an error, as connecting to several addresses gives them', () => {
    const { log, last } = capture();
    log.error(
      { error: new AggregateError([new Error('a refused'), new Error('b refused')]) },
      'Could not connect',
    );
    expect(last()['error']).toMatchObject({ errors: [{ message: 'a refused' }, { message: 'b refused' }] });
  });
});

describe('a secret', () => {
  const secret = 'hunter2-secret';
  const pem = `-----BEGIN PRIVATE KEY-----\n${secret}`;

  it.each([
    ['under its own name', { password: secret, etcdPassword: secret, Authorization: `Bearer ${secret}` }],
    ['deep in a configuration', { config: { etcd: { user: { name: 'root', password: secret } } } }],
    ['in a list', { users: [{ token: secret }] }],
    ['as a private key', { tls: { key: pem } }],
    ['as bytes', { tls: { key: Buffer.from(secret) }, value: Buffer.from(secret) }],
    [
      'in what a library hangs on an error',
      { error: Object.assign(new Error('x'), { headers: secret, request: { secret } }) },
    ],
    ['on a cause', { error: new Error('x', { cause: Object.assign(new Error('y'), { metadata: secret }) }) }],
  ])('%s is in no line', (_where, fields) => {
    for (const format of ['json', 'text'] as const) {
      const { log, lines } = capture({ format });
      log.error(fields, 'Something');
      log.child(fields).error({}, 'Something else');
      expect(lines).toHaveLength(2);
      expect(lines.join('')).not.toContain(secret);
      expect(lines.join('')).not.toContain(Buffer.from(secret).toString('base64'));
      expect(lines.join('')).not.toContain(Buffer.from(secret).join(','));
    }
  });

  it('is not confused with the key of a registration', () => {
    const { log, last } = capture();
    log.warn({ key: '/services/web/1' }, 'Rejected');
    expect(last()['key']).toBe('/services/web/1');
  });
});

describe('a log line as text', () => {
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

  it('reads as one line with its fields at the end', () => {
    const { log, lines } = capture({ format: 'text' });
    log.info({ etcdService: 'shop/web', revision: 7, note: 'two words' }, 'Published endpoints');
    expect(lines[0]).toMatch(
      new RegExp(
        `^${time} INFO {2}Published endpoints replica=web-0 etcdService=shop/web revision=7 note="two words"\\n$`,
      ),
    );
  });

  it('shows an error with its code and what led to it', () => {
    const { log, lines } = capture({ format: 'text' });
    const cause = new Error('no route');
    log.warn(
      { error: new RetryableError('ETCD_UNAVAILABLE', 'etcd does not answer', { cause }) },
      'Could not list',
    );
    expect(lines[0]).toContain('error="etcd does not answer (ETCD_UNAVAILABLE) ← no route"');
  });

  it('holds no line break but the last, whatever a field holds', () => {
    const { log, lines } = capture({ format: 'text' });
    log.info({ key: 'a\nERROR forged' }, 'One line');
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
  });

  it('has the stack of a defect below it', () => {
    const { log, lines } = capture({ format: 'text' });
    log.error({ error: new TypeError('x is undefined') }, 'Could not reconcile');
    expect(lines[0]).toMatch(/ERROR Could not reconcile .*\nTypeError: x is undefined\n {4}at /);
  });
});

describe('what a process says before it ends', () => {
  /** The lines of a process that does this with its logger, however it ends. */
  async function saidBy(program: string): Promise<readonly string[]> {
    const logging = JSON.stringify(new URL('./logging.ts', import.meta.url));
    const source = `
      import { createLogger } from ${logging};
      // As libraries do, for the width of a terminal: Node.js makes a pipe non-blocking by that.
      process.stdout.columns;
      const log = createLogger({ level: 'info', format: 'text', replica: 'web-0' });
      ${program}`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source]);
    const { stdout } = await run.catch((failed: { readonly stdout: string }) => failed);
    return stdout.trimEnd().split('\n');
  }

  it.for([
    ['it exits in the same turn', `log.info({}, 'first'); log.info({}, 'last'); process.exit(3);`],
    ['it crashes', `log.info({}, 'first'); log.info({}, 'last'); throw new Error('defect');`],
    [
      'it is killed after an error',
      `log.info({}, 'first'); log.error({}, 'last'); process.kill(process.pid, 'SIGKILL');`,
    ],
  ] as const)('is written where %s', async ([, program]) => {
    const lines = await saidBy(program);
    expect(lines).toEqual([expect.stringContaining('first'), expect.stringContaining('last')]);
  });

  it.skipIf(process.platform !== 'linux')(
    'waits for a slow reader in the kernel, and sleeps for nobody',
    async () => {
      const [line = ''] = await saidBy(`
      const { readFileSync } = await import('node:fs');
      log.info({ flags: /flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))[1] }, 'last');`);
      const flags = Number.parseInt(/flags=(\d+)/.exec(line)?.[1] ?? '', 8);
      expect(flags & constants.O_NONBLOCK).toBe(0);
    },
  );
});
