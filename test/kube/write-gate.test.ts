import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Leadership } from '../../src/controller/leadership.ts';
import type { KubeClientOptions } from '../../src/kube/options.ts';
import { ENDPOINTS, type Endpoints } from '../../src/kube/resources.ts';
import { RunningTerm } from '../../src/leadership/running-term.ts';
import { eventually } from '../kit/eventually.ts';
import { kubeRig, type ScriptedRig, scriptedApiserver, scriptedRig } from '../kit/kube-rig.ts';
import type { Reply, Script, SeenRequest } from '../kit/scripted-apiserver.ts';
import { startTcpProxy } from '../kit/tcp-proxy.ts';

const web: Endpoints = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7' },
};

const ok: Script = (_request, reply) => reply.json(200, web);

/** A term that lasts until a test says otherwise. */
class TestTerm {
  readonly term: RunningTerm;
  /** Time until requests may no longer leave, and until the term is over. */
  writableMs = 40_000;
  remainingMs = 60_000;

  constructor() {
    const hold = { writableMs: () => this.writableMs, remainingMs: () => this.remainingMs };
    const silent = (): void => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    this.term = new RunningTerm(7, hold, { clock: systemClock, log });
  }
}

/** A gate as the controller has it, open for as long as the test and its term last. */
function leading(): { readonly gate: Leadership } & TestTerm {
  const gate = new Leadership(systemClock);
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  onTestFinished(() => finish());
  const held = new TestTerm();
  void gate.during(held.term, () => over);
  return Object.assign(held, { gate });
}

/** Lets every request wait for the test's answer. */
function held(): { readonly script: Script; readonly waiting: [SeenRequest, Reply][] } {
  const waiting: [SeenRequest, Reply][] = [];
  return { script: (request, reply) => void waiting.push([request, reply]), waiting };
}

async function rigBehind(gate: Leadership, options: Partial<KubeClientOptions> = {}): Promise<ScriptedRig> {
  const rig = await scriptedRig({ writeGate: gate, ...options });
  rig.apiserver.serve(ok);
  return rig;
}

describe('a gate that is closed', () => {
  it('lets no write of any kind leave, and every read', async () => {
    const { apiserver, client } = await rigBehind(new Leadership(systemClock));
    const writes = [
      () => client.create(ENDPOINTS, web),
      () => client.update(ENDPOINTS, web),
      () => client.updateStatus(ENDPOINTS, web),
      () => client.apply(ENDPOINTS, web, { force: true }),
      () => client.mergePatch(ENDPOINTS, web.metadata, {}),
      () => client.delete(ENDPOINTS, web.metadata),
    ];
    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({ code: 'NOT_LEADING' });
    }
    expect(apiserver.connections).toBe(0);
    await expect(client.get(ENDPOINTS, 'web', 'shop')).resolves.toMatchObject(web);
    await expect(client.list(ENDPOINTS, {})).resolves.toEqual([]);
    expect(apiserver.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  it('opens with a term, closes while that is suspended, and opens again', async () => {
    const { gate, term } = leading();
    const { apiserver, client } = await rigBehind(gate);
    await client.update(ENDPOINTS, web);
    term.suspend();
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'NOT_LEADING' });
    expect(apiserver.requests).toHaveLength(1);
    term.resume();
    await client.update(ENDPOINTS, web);
    expect(apiserver.requests).toHaveLength(2);
  });
});

describe('a gate that closes under way', () => {
  it('keeps back what waits for its turn', async () => {
    const { gate, term } = leading();
    const { apiserver, client } = await rigBehind(gate, { maxConnections: 1 });
    const { script, waiting } = held();
    apiserver.serve(script);
    const first = client.update(ENDPOINTS, web);
    const second = client.update(ENDPOINTS, web);
    const third = client.update(ENDPOINTS, web);
    const keptBack = Promise.allSettled([second, third]);
    const [, reply] = await eventually(() => waiting[0] ?? expect.fail('no write has come'));
    term.suspend();
    reply.json(200, web);
    await expect(first).resolves.toMatchObject(web);
    for (const outcome of await keptBack) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NOT_LEADING' } });
    }
    expect(apiserver.requests).toHaveLength(1);
  });

  it('keeps back what waits for its connection, which then serves others', async () => {
    const apiserver = await scriptedApiserver();
    apiserver.serve(ok);
    const proxy = await startTcpProxy(Number(new URL(apiserver.url).port));
    onTestFinished(() => proxy.close());
    const kubeconfig = await apiserver.writeKubeconfig(
      'proxied',
      apiserver.kubeconfigOf(`https://${proxy.address}`),
    );
    const { gate, term } = leading();
    const { client } = kubeRig({ kubeconfig, writeGate: gate });
    proxy.blackhole();
    const write = client.update(ENDPOINTS, web);
    const keptBack = expect(write).rejects.toMatchObject({ code: 'NOT_LEADING' });
    await eventually(() => expect(proxy.open).toBe(1));
    term.suspend();
    proxy.heal();
    await keptBack;
    expect(apiserver.requests).toHaveLength(0);
    await client.get(ENDPOINTS, 'web', 'shop');
    expect(apiserver.connections).toBe(1);
  });

  it('keeps back the second try after a 401', async () => {
    const { gate, term } = leading();
    const { apiserver, client } = await rigBehind(gate);
    await client.get(ENDPOINTS, 'web', 'shop');
    await apiserver.setToken('second-token');
    apiserver.serve((_request, reply) => {
      term.suspend();
      reply.json(401, { code: 401 });
    });
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'NOT_LEADING' });
    expect(apiserver.requests.map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });
});

describe('a term and the writes that are under way', () => {
  it('ends them with itself, and they say so', async () => {
    const { gate, term } = leading();
    const { apiserver, client } = await rigBehind(gate);
    const { script, waiting } = held();
    apiserver.serve(script);
    const writes = [client.update(ENDPOINTS, web), client.delete(ENDPOINTS, web.metadata)];
    const outcomes = Promise.allSettled(writes);
    await eventually(() => expect(waiting).toHaveLength(2));
    term.end('lease-lost');
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'TERM_ENDED',
          subject: 'Endpoints shop/web',
          message: expect.stringContaining('term 7 has ended'),
        },
      });
    }
    await eventually(() => expect(apiserver.openConnections).toBe(0));
  });

  it('leaves the reads that are under way alone', async () => {
    const { gate, term } = leading();
    const { apiserver, client } = await rigBehind(gate);
    const { script, waiting } = held();
    apiserver.serve(script);
    const read = client.get(ENDPOINTS, 'web', 'shop');
    const [, reply] = await eventually(() => waiting[0] ?? expect.fail('no read has come'));
    term.end('lease-lost');
    reply.json(200, web);
    await expect(read).resolves.toMatchObject(web);
  });

  it('gives no write more time than itself has left', async () => {
    const leadership = leading();
    const { apiserver, client } = await rigBehind(leadership.gate);
    apiserver.serve(held().script);
    leadership.remainingMs = 300;
    const until = leadership.term.expiresAt();
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
    // A timer may be late by what the machine is busy with, but never by the 10 s of a call without a term.
    expect(systemClock.monotonic() - until).toBeLessThan(3000);
    await eventually(() => expect(apiserver.openConnections).toBe(0));
  });

  it('tells a closed client from an ended term', async () => {
    const { gate } = leading();
    const { apiserver, client } = await rigBehind(gate);
    const { script, waiting } = held();
    apiserver.serve(script);
    const write = client.update(ENDPOINTS, web);
    const ended = expect(write).rejects.toMatchObject({ code: 'KUBE_CLOSED' });
    await eventually(() => expect(waiting).toHaveLength(1));
    await client.close();
    await ended;
  });
});
