import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { metricTable } from '../../src/telemetry/metrics-table.ts';
import { servers } from '../kit/control-plane.ts';
import { type ControllerProcess, startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { marginMs } from '../kit/eventually.ts';
import { command } from './command.ts';

/** Nobody listens there: what is shown here does not depend on any registry. */
const nowhere = 'http://127.0.0.1:1';

beforeAll(() => installCrd());

async function start(
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<ControllerProcess> {
  const { kubeconfigPath: kubeconfig } = servers().credentials;
  const controller = await startController({ etcd: [nowhere], kubeconfig, args, env });
  onTestFinished(() => controller.kill());
  return controller;
}

/** A server that holds a port until the test is over. */
async function takenPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('the controller as a process', () => {
  it('is ready without its registry, and stops within five seconds of SIGTERM with exit code 0', async () => {
    const controller = await start();
    await controller.untilReady();
    const { code, signal, tookMs } = await controller.stop();
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(tookMs).toBeLessThan(5000 + marginMs);
    expect(controller.line({ msg: 'Stopped' }).level).toBe('info');
  });

  it('stops as well while it is still starting', async () => {
    const controller = await start();
    expect(await controller.stop()).toMatchObject({ code: 0, signal: null });
  });

  it('serves every metric of the documentation, and those of the process', async () => {
    const controller = await start();
    await controller.untilReady();
    const { text } = await controller.http('/metrics');
    for (const { name } of Object.values(metricTable)) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    const own = { controller: 'etcdservice' };
    expect(await controller.metric('controller_runtime_max_concurrent_reconciles', own)).toBe(8);
    expect(await controller.metric('etcd_endpoints_registry_connected')).toBe(0);
    expect(await controller.metric('etcd_endpoints_scrape_errors_total')).toBe(0);
  });

  it('writes its name into every line, and a password into none', async () => {
    const secret = 'hunter2-never-shown';
    const controller = await start(['--etcd-user=root', '--log-level=debug'], {
      ETCD_ENDPOINTS_ETCD_PASSWORD: secret,
    });
    await controller.untilReady();
    const { text } = await controller.http('/metrics');
    await controller.stop();
    expect(controller.lines.length).toBeGreaterThan(1);
    expect(controller.lines.filter((line) => line['replica'] !== controller.replica)).toEqual([]);
    expect(controller.output + text).not.toContain(secret);
  });
});

describe('a controller that cannot start', () => {
  it('names the flag of an address that is taken', async () => {
    const port = await takenPort();
    const { kubeconfigPath } = servers().credentials;
    const flags = ['--etcd', nowhere, '--kubeconfig', kubeconfigPath, '--http-address', `127.0.0.1:${port}`];
    const { code, stdout } = await command(['controller', ...flags]);
    expect(code).toBe(1);
    expect(stdout).toContain(`Cannot listen on --http-address 127.0.0.1:${port}`);
  });

  it('names the flag of a kubeconfig that it cannot read', async () => {
    const { code, stderr } = await command(['controller', '--etcd', nowhere, '--kubeconfig', '/nowhere']);
    expect(code).toBe(2);
    expect(stderr).toContain('--kubeconfig "/nowhere": cannot be read: ENOENT');
  });
});
