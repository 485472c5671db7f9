import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { serviceAccountAccess } from './service-account.ts';

describe('the service account of a Pod', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'service-account-'));
    onTestFinished(() => rm(directory, { recursive: true }));
  });

  it('says where the apiserver is, whom we are, and in which namespace', async () => {
    await writeFile(join(directory, 'namespace'), 'shop\n');
    await writeFile(join(directory, 'ca.crt'), 'a CA');
    await writeFile(join(directory, 'token'), 'a token\n');
    const access = serviceAccountAccess({ host: 'fd00::1', port: '443', directory });
    expect([access.server, access.namespace]).toEqual(['https://[fd00::1]', 'shop']);
    expect(await access.identity()).toMatchObject({
      tls: { ca: Buffer.from('a CA') },
      headers: { authorization: 'Bearer a token' },
    });
  });

  it('has the token that stands now', async () => {
    await writeFile(join(directory, 'ca.crt'), 'a CA');
    const access = serviceAccountAccess({ host: '10.96.0.1', port: '6443', directory });
    expect(access.namespace).toBe('default');
    await expect(access.identity()).rejects.toMatchObject({ code: 'KUBE_CREDENTIALS' });
    await writeFile(join(directory, 'token'), 'renewed');
    expect((await access.identity()).headers).toEqual({ authorization: 'Bearer renewed' });
  });
});
