import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { dyingWithParent } from '../../dev/control-plane/child.ts';
import { freePort } from '../../dev/control-plane/free-port.ts';
import { bin } from '../cli/command.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { ownAddress } from '../kit/own-address.ts';

/**
 * Runs the containers of a Pod as processes, with what a kubelet and the cluster's DNS would tell them: of this machine's address, and a port of its own.
 * What is left of them ends with the test.
 */
export async function startPod(spec: AnyObject, name: string, registry: string): Promise<{ stop(): void }> {
  const fields: Readonly<Record<string, string>> = { 'metadata.name': name, 'status.podIP': ownAddress() };
  const port = `${await freePort()}`;
  const children = spec.containers.map(({ command, args = [], env }: AnyObject) => {
    const environment: Readonly<Record<string, string>> = Object.fromEntries(
      env.map((variable: AnyObject) => [
        variable.name,
        variable.name === 'PORT' ? port : fields[variable.valueFrom.fieldRef.fieldPath],
      ]),
    );
    const [, ...words] = [...(command ?? ['node', bin]), ...args].map((word: string) =>
      word
        .replaceAll(/\$\((\w+)\)/g, (_, variable: string) => environment[variable] ?? '')
        .replace('http://etcd.registry:2379', registry),
    );
    return spawn(...dyingWithParent(process.execPath, words), { env: environment, stdio: 'inherit' });
  });
  const stop = (): void => {
    for (const child of children) {
      child.kill('SIGTERM');
    }
  };
  onTestFinished(async () => {
    const running = children.filter(
      (child: AnyObject) => child.exitCode === null && child.signalCode === null,
    );
    stop();
    await Promise.all(running.map((child: AnyObject) => once(child, 'exit')));
  });
  return { stop };
}
