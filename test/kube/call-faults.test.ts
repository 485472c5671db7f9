import { describe, expect, it, onTestFinished } from 'vitest';
import { RetryableError, TerminalError } from '../../src/errors.ts';
import { ENDPOINTS, type Endpoints } from '../../src/kube/resources.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { kubeRig, scriptedApiserver, scriptedRig } from '../kit/kube-rig.ts';
import { measured, timed } from '../kit/measured.ts';
import type { Script } from '../kit/scripted-apiserver.ts';
import { startTcpProxy } from '../kit/tcp-proxy.ts';

const web: Endpoints = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7' },
};

/** Answers with each of these in turn, the last one for ever. */
function inTurn(...scripts: Script[]): Script {
  let next = 0;
  return (request, reply) => {
    scripts[Math.min(next, scripts.length - 1)]?.(request, reply);
    next += 1;
  };
}

const ok: Script = (_request, reply) => reply.json(200, web);

function status(code: number, body: object = {}, headers: Record<string, string> = {}): Script {
  return (_request, reply) => reply.json(code, { kind: 'Status', code, ...body }, headers);
}

describe('fault 22: calls that fail in every known way', () => {
  it('names a conflict, and sends the write once', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(status(409, { reason: 'Conflict', message: 'the object has been modified' }));
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
      subject: 'Endpoints shop/web',
    });
    expect(apiserver.requests).toHaveLength(1);
  });

  it('waits for the answer of a server that says before it that one is to come', async () => {
    const { apiserver, client, calls } = await scriptedRig();
    apiserver.serve((request, reply) => {
      reply.announce();
      ok(request, reply);
    });
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(calls.map(({ status: told }) => told)).toEqual([200]);
  });

  it('fails with an error that is larger than a mebibyte, and goes on', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(inTurn((_request, reply) => reply.text(500, 'x'.repeat(1024 ** 2 + 1)), ok));
    const failure = client.update(ENDPOINTS, web);
    await expect(failure).rejects.toBeInstanceOf(RetryableError);
    await expect(failure).rejects.toThrow('the answer is larger than 1048576 bytes');
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
  });

  it('tells a name that is taken from a conflict', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(status(409, { reason: 'AlreadyExists', details: { name: 'web' } }));
    await expect(client.create(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_ALREADY_EXISTS' });
  });

  it('hands the Retry-After of a refused write to its caller', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(status(429, { reason: 'TooManyRequests' }, { 'retry-after': '7' }));
    const failure = client.update(ENDPOINTS, web);
    await expect(failure).rejects.toBeInstanceOf(RetryableError);
    await expect(failure).rejects.toMatchObject({ code: 'KUBE_TOO_MANY_REQUESTS', retryAfterMs: 7000 });
    expect(apiserver.requests).toHaveLength(1);
  });

  it('bounds an absurd Retry-After', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(status(503, {}, { 'retry-after': '99999999' }));
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ retryAfterMs: 300_000 });
  });

  it('repeats a read after a short Retry-After', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(inTurn(status(429, {}, { 'retry-after': '1' }), ok));
    const from = performance.now();
    await expect(client.get(ENDPOINTS, 'web', 'shop')).resolves.toMatchObject(web);
    expect(performance.now() - from).toBeGreaterThanOrEqual(999);
  });

  it.each([500, 502, 503, 504])('never repeats a write after HTTP %i, but does a read', async (code) => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(inTurn(status(code), ok));
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    apiserver.serve(inTurn(status(code), ok));
    await expect(client.get(ENDPOINTS, 'web', 'shop')).resolves.toMatchObject(web);
    const methods = apiserver.requests.map(({ method }) => method);
    expect(methods).toEqual(['PUT', 'GET', 'GET']);
    measured('writes repeated', methods.filter((method) => method === 'PUT').length - 1, { most: 0 });
  });

  it('never repeats a write whose answer breaks off, but does a read', async () => {
    const { apiserver, client } = await scriptedRig();
    const breaksOff: Script = (_request, reply) => {
      const stream = reply.stream();
      stream.raw('{"kind":"Endp');
      setImmediate(() => stream.reset());
    };
    apiserver.serve(inTurn(breaksOff, ok));
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    apiserver.serve(inTurn(breaksOff, ok));
    await expect(client.get(ENDPOINTS, 'web', 'shop')).resolves.toMatchObject(web);
    expect(apiserver.requests).toHaveLength(3);
  });

  it('cuts a call that hangs before its answer, and one that hangs in it, at the deadline', async () => {
    const { apiserver, client } = await scriptedRig({ callTimeoutMs: 300 });
    apiserver.serve(
      inTurn(
        () => undefined,
        (_request, reply) => reply.stream().raw('{"kind":'),
      ),
    );
    for (const _ of ['before', 'within']) {
      const from = performance.now();
      await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
      measured('hung call, with a deadline of 300 ms, cut after', performance.now() - from, {
        unit: 'ms',
        most: 400,
      });
    }
    await eventually(() => expect(apiserver.openConnections).toBe(0));
  });

  it('cuts a call at its deadline that waits for its connection, and never sends it', async () => {
    const apiserver = await scriptedApiserver();
    apiserver.serve(ok);
    const proxy = await startTcpProxy(Number(new URL(apiserver.url).port));
    onTestFinished(() => proxy.close());
    const content = apiserver.kubeconfigOf(`https://${proxy.address}`);
    const kubeconfig = await apiserver.writeKubeconfig('proxied', content);
    const { client } = kubeRig({ kubeconfig, callTimeoutMs: 300, maxConnections: 1 });
    proxy.blackhole();
    const from = performance.now();
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
    expect(performance.now() - from).toBeLessThan(300 + marginMs);
    proxy.heal();
    await client.get(ENDPOINTS, 'web', 'shop');
    expect(apiserver.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('reads the token again after a 401 that breaks off in its middle', async () => {
    const { apiserver, client, calls } = await scriptedRig();
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.setToken('second-token');
    apiserver.serve(({ headers }, reply) => {
      if (headers.authorization === 'Bearer second-token') {
        reply.json(200, web);
        return;
      }
      const answer = reply.stream(401);
      answer.raw('{"kind":');
      answer.reset();
    });
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(calls.map(({ status: told }) => told)).toEqual([200, 401, 200]);
  });

  it('reads the token again after a 401 and repeats the call with it', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(({ headers }, reply) =>
      headers.authorization === 'Bearer second-token' ? reply.json(200, web) : reply.json(401, { code: 401 }),
    );
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_UNAUTHORIZED' });
    expect(apiserver.requests).toHaveLength(1);
    await apiserver.setToken('second-token');
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(apiserver.requests).toHaveLength(3);
  });

  it('renews the token once for many calls that are refused together', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.setToken('second-token');
    apiserver.serve(({ headers }, reply) =>
      headers.authorization === 'Bearer second-token' ? reply.json(200, web) : reply.json(401, { code: 401 }),
    );
    await Promise.all(Array.from({ length: 40 }, () => client.update(ENDPOINTS, web)));
    expect(apiserver.requests.length).toBeLessThanOrEqual(1 + 2 * 40);
  });

  it('trusts a new CA once its file has changed, and closes the connections of the old one', async () => {
    const { apiserver, client } = await scriptedRig({ rereadFilesMs: 50 });
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.rotateCa();
    await eventually(async () => {
      await client.update(ENDPOINTS, web);
      expect(apiserver.connections).toBe(2);
    });
    await eventually(() => expect(apiserver.openConnections).toBe(1));
  });

  it('recovers from a restart of the apiserver with a new CA, once its file has changed', async () => {
    const { apiserver, client } = await scriptedRig({ rereadFilesMs: 50 });
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.rotateCa();
    apiserver.dropConnections();
    await timed('a new CA trusted after', 60_000, () => eventually(() => client.update(ENDPOINTS, web)));
  });

  it('keeps its connections while a replaced file is unreadable', async () => {
    const { apiserver, client, logLines } = await scriptedRig({ rereadFilesMs: 0 });
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.removeCaFile();
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(apiserver.connections).toBe(1);
    expect(logLines.join()).toContain('Keeping the credentials read before');
  });

  it('refuses a server whose CA it does not know', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(ok);
    await apiserver.rotateCa({ writeFile: false });
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    expect(apiserver.requests).toHaveLength(0);
  });

  it('says what is invalid by field and reason, and never a value', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(
      status(422, {
        reason: 'Invalid',
        message: 'Endpoints "web" is invalid: subsets[0].addresses[0].ip: Invalid value: "top-secret"',
        details: {
          causes: [
            {
              reason: 'FieldValueInvalid',
              message: 'Invalid value: "top-secret": must be an IP',
              field: 'subsets[0].addresses[0].ip',
            },
          ],
        },
      }),
    );
    const failure: unknown = await client.update(ENDPOINTS, web).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TerminalError);
    expect(failure).toMatchObject({ code: 'KUBE_INVALID' });
    expect(String(failure)).toContain('subsets[0].addresses[0].ip (FieldValueInvalid)');
    expect(String(failure)).not.toContain('top-secret');
  });

  it('knows a namespace that is being deleted', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(
      status(403, {
        reason: 'Forbidden',
        message: 'endpoints "web" is forbidden: unable to create new content in namespace shop',
        details: { name: 'web', causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
      }),
    );
    await expect(client.create(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_NAMESPACE_TERMINATING' });
  });

  it('passes on the words of a quota or a webhook that refuses', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(status(403, { message: 'exceeded quota: endpoints=10' }));
    await expect(client.create(ENDPOINTS, web)).rejects.toMatchObject({
      code: 'KUBE_FORBIDDEN',
      message: 'create Endpoints shop/web: HTTP 403: exceeded quota: endpoints=10',
    });
  });

  it('says that the answer is no JSON, without showing it', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve((_request, reply) => reply.text(200, '<html>please log in as top-secret</html>'));
    const failure: unknown = await client.get(ENDPOINTS, 'web', 'shop').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'KUBE_MALFORMED' });
    expect(String(failure)).not.toContain('top-secret');
  });

  it('names the address of an apiserver that is not there', async () => {
    const { apiserver, client } = await scriptedRig();
    const { host } = new URL(apiserver.url);
    apiserver.serve(ok);
    await client.update(ENDPOINTS, web);
    await apiserver.stop();
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({
      code: 'KUBE_UNAVAILABLE',
      message: expect.stringContaining(host),
    });
  });

  it('takes the deletion of another object of that name for done, and of one that is gone', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(
      inTurn(
        status(404, { details: { name: 'web' } }),
        status(409, {
          reason: 'Conflict',
          message: 'Precondition failed: UID in precondition: uid-web, UID in object meta: uid-other',
        }),
        status(409, { reason: 'Conflict', message: 'the object has been modified' }),
      ),
    );
    await expect(client.delete(ENDPOINTS, web.metadata)).resolves.toBeUndefined();
    await expect(client.delete(ENDPOINTS, web.metadata)).resolves.toBeUndefined();
    await expect(client.delete(ENDPOINTS, web.metadata)).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });
    expect(apiserver.requests[0]?.body).toMatchObject({
      preconditions: { uid: 'uid-web', resourceVersion: '7' },
    });
  });

  it('tells each warning of the apiserver, and which text is new', async () => {
    const { apiserver, client, warnings } = await scriptedRig();
    const text = 'v1 Endpoints is deprecated in v1.33+; use "EndpointSlice"';
    apiserver.serve((_request, reply) =>
      reply.json(200, web, { warning: `299 - "${text.replaceAll('"', '\\"')}"` }),
    );
    await client.update(ENDPOINTS, web);
    await client.update(ENDPOINTS, web);
    expect(warnings).toEqual([
      { text, first: true },
      { text, first: false },
    ]);
  });

  it('is not disturbed by a callback that throws', async () => {
    const { apiserver } = await scriptedRig();
    apiserver.serve((_request, reply) => reply.json(200, web, { warning: '299 - "careful"' }));
    const fail = (): never => {
      throw new Error('not today');
    };
    const { client, logLines } = kubeRig(
      { kubeconfig: apiserver.kubeconfig },
      { onCall: fail, onWarning: fail },
    );
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(logLines.join()).toContain('not today');
  });

  it('ends what is under way when it is closed, and refuses what comes later', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve(() => undefined);
    const pending = Promise.allSettled(Array.from({ length: 100 }, () => client.update(ENDPOINTS, web)));
    await eventually(() => expect(apiserver.requests.length).toBeGreaterThan(0));
    await client.close();
    const results = await pending;
    const codes = new Set(results.map((result) => result.status === 'rejected' && result.reason.code));
    expect(codes).toEqual(new Set(['KUBE_CLOSED']));
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_CLOSED' });
    await eventually(() => expect(apiserver.openConnections).toBe(0));
  });
});
