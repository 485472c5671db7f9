import { PREFIX } from './instance.ts';
import { NAMESPACE, SERVICE } from './objects.ts';
import type { Stage } from './stage.ts';

/** Commands that a person can paste into another terminal, complete as they stand. */
export function guide({ binaries, kubeconfig, etcd, controller }: Stage): string {
  const kubectl = [binaries.kubectl ?? 'kubectl', `--kubeconfig=${kubeconfig}`, '-n', NAMESPACE];
  const etcdctl = [binaries.etcdctl, `--endpoints=${etcd}`];
  const mine = `${PREFIX}/mine`;
  return `
To look, from another terminal:

    ${commandLine(...kubectl, 'get', 'etcdservices,services,endpointslices,endpoints')}
    ${commandLine(...kubectl, 'get', 'endpointslices', '-l', `kubernetes.io/service-name=${SERVICE}`, '-w')}
    ${commandLine(...kubectl, 'describe', 'etcdservice', SERVICE)}
    ${commandLine(...etcdctl, 'get', '--prefix', PREFIX)}
    ${commandLine('curl', '-s', `${controller.url}/metrics`)}
    ${commandLine('tail', '-f', controller.log)}

To add a registration of your own, change it, and remove it:

    ${commandLine(...etcdctl, 'put', mine, '192.0.2.99:8080')}
    ${commandLine(...etcdctl, 'put', mine, '192.0.2.99:9090')}
    ${commandLine(...etcdctl, 'del', mine)}
`;
}

/** Words as a shell takes them, quoted where they need it. */
export function commandLine(...words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`,
  );
  return quoted.join(' ');
}
