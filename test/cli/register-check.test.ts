import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { quick, registerRig, service } from './register-rig.ts';
import type { RunningCommand } from './running-command.ts';

const { register, look, untilThere, untilGone } = registerRig();

describe('register --check', () => {
  it('registers while the check passes, and takes it back while it fails', async () => {
    const web = await service();
    const registered = register('--key=/checked', '--value=10.0.0.5:80', '--check', web.url, ...quick);
    await registered.says('--check fails: the answer is 503');
    expect(await look('/checked')).toBeUndefined();
    web.status = 200;
    await untilThere('/checked', '10.0.0.5:80');
    web.status = 500;
    await untilGone('/checked');
    await registered.says('--check fails: the answer is 500');
    web.status = 204;
    await untilThere('/checked', '10.0.0.5:80');
    expect(registered.lines).toEqual(['registered /checked', 'deregistered /checked', 'registered /checked']);
    await registered.stop();
    await untilGone('/checked');
  });

  it('cuts a check off that hangs, naming the option, and leaves nothing in etcd', async () => {
    const web = await service();
    web.status = 'hangs';
    const registered = register(
      ...['--key=/hanging', '--value=10.0.0.5:80', '--check', web.url, '--check-timeout=300ms', ...quick],
    );
    await registered.says('--check fails: there is no answer within --check-timeout 300 ms');
    await eventually(() => expect(web.asked).toBeGreaterThan(3));
    expect(await look('/hanging')).toBeUndefined();
    expect(await registered.stop()).toMatchObject({ code: 0, stdout: '' });
  });

  it('fills the address and port in, and checks by a command too', async () => {
    const port = new URL((await service()).url).port;
    const by = (check: string, key: string): RunningCommand =>
      register(`--key=${key}`, '--value=10.0.0.5:80', '--port', port, '--check', check, ...quick);
    await by('tcp://127.0.0.1:{port}', '/by-tcp').says('registered /by-tcp');
    await by('exec test {port} -gt 0', '/by-command').says('registered /by-command');
    await by('exec exit 4', '/by-failing').says('--check fails: the command exits with 4');
    expect(await look('/by-failing')).toBeUndefined();
  });
});
