import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { quick, registerRig, service } from './register-rig.ts';

const { etcd, endpoint, register, look, untilThere } = registerRig();

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('register --exec', () => {
  /** Says on SIGTERM how many keys etcd holds: the registration must be gone by then. */
  const script = (etcdctl: string, key: string, status: number): string =>
    // The signals end the sleep too, of which the shell would tell on stderr.
    `exec 2> /dev/null
     trap 'echo "stopping with $(${etcdctl} get --keys-only ${key} | wc -w) keys"; exit ${status}' TERM INT
     trap 'echo reloaded' HUP
     echo started
     while :; do sleep 0.05; done`;

  async function etcdctlCommand(): Promise<string> {
    const { servers } = await import('../kit/control-plane.ts');
    return `${servers().binaries.etcdctl} --endpoints=${endpoint()}`;
  }

  it('registers the command, passes signals on, and takes the key back before the command is stopped', async () => {
    const shell = script(await etcdctlCommand(), '/exec', 3);
    const running = register('--key=/exec', '--value=10.0.0.5:80', '--exec', '--', 'sh', '-c', shell);
    await running.says('started');
    await running.says('registered /exec');
    running.process.kill('SIGHUP');
    await running.says('reloaded');
    const { code, stdout, stderr } = await running.stop();
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'started\nreloaded\nstopping with 0 keys\n' });
    expect(stderr).toBe('etcd-endpoints: registered /exec\netcd-endpoints: deregistered /exec\n');
  });

  it('registers when the check first passes', async () => {
    const web = await service();
    const shell = script(await etcdctlCommand(), '/exec-checked', 0);
    const args = ['--key=/exec-checked', '--value=10.0.0.5:80', '--check', web.url, ...quick];
    const running = register(...args, '--exec', '--', 'sh', '-c', shell);
    await running.says('started');
    await running.says('--check fails');
    expect(await look('/exec-checked')).toBeUndefined();
    web.status = 200;
    await untilThere('/exec-checked', '10.0.0.5:80');
    expect(await running.stop('SIGINT')).toMatchObject({ code: 0 });
  });

  it('lets the command go on while it drains, which a second signal ends', async () => {
    const shell = script(await etcdctlCommand(), '/drained', 0);
    const args = ['--key=/drained', '--value=10.0.0.5:80', '--drain=1h'];
    const running = register(...args, '--exec', '--', 'sh', '-c', shell);
    await running.says('registered /drained');
    running.process.kill('SIGTERM');
    await running.says('deregistered /drained');
    running.process.kill('SIGHUP');
    await running.says('reloaded');
    expect(running.stdout).not.toContain('stopping');
    expect(await running.stop()).toMatchObject({ code: 0 });
    expect(running.stdout).toContain('stopping with 0 keys');
  });

  it.each([
    [['sh', '-c', 'exit 7'], 7],
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['/nonexistent/command'], 127],
    [['/etc/passwd'], 126],
  ])('exits with the status of %j', async (words, status) => {
    const running = register('--key=/status', '--value=10.0.0.5:80', '--exec', '--', ...words);
    expect((await running.ended).code).toBe(status);
    expect(await look('/status')).toBeUndefined();
  });

  it('exits as the signal asks where the command does not catch it', async () => {
    const running = register('--key=/uncaught', '--value=10.0.0.5:80', '--exec', '--', 'sleep', '600');
    await running.says('registered /uncaught');
    expect((await running.stop()).code).toBe(128 + 15);
  });

  it('passes signals on to all that the command has started', async () => {
    const shell = 'sleep 600 & echo "child $!"; wait $!; sleep 600';
    const running = register('--key=/group', '--value=10.0.0.5:80', '--exec', '--', 'sh', '-c', shell);
    await running.says(/child \d+/);
    await running.says('registered /group');
    const child = Number(/child (\d+)/.exec(running.stdout)?.[1]);
    expect((await running.stop()).code).toBe(128 + 15);
    await eventually(() => expect(isRunning(child)).toBe(false));
  });

  it('stops the command where its registration is refused', async () => {
    await etcd.etcdctl(['put', '/exec-taken', 'theirs']);
    const running = register('--key=/exec-taken', '--value=10.0.0.5:80', '--exec', '--', 'sleep', '600');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/the key \/exec-taken is registered by somebody else.*The command is stopped/);
  });

  it.each([
    [['--exec'], '--exec needs a command after --'],
    [['--', 'true'], 'Unknown argument "true" after --: a command needs --exec before it'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await register('--key=/k', '--value=v', ...args).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
