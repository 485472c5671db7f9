import { readFileSync } from 'node:fs';
import { page } from '../reference/markdown.ts';
import { valuesTable } from './values-page.ts';

const values = new URL('../../charts/etcd-endpoints/values.yaml', import.meta.url);

/** The README of the chart: how to install it, and every value, from the comments in values.yaml. */
export function chartReadme(): string {
  return page(
    'etcd-endpoints: the Helm chart',
    `Services that register themselves in etcd appear in Kubernetes as ordinary Services. For Kubernetes 1.25 and newer, with Helm 3.6 and newer.

\`\`\`sh
helm install etcd-endpoints charts/etcd-endpoints -n etcd-endpoints --create-namespace \\
  --set 'etcd.endpoints={https://10.0.0.1:2379,https://10.0.0.2:2379,https://10.0.0.3:2379}' \\
  --set etcd.tls.secretName=etcd-client
helm test etcd-endpoints -n etcd-endpoints
\`\`\`

The Secret \`etcd-client\` of that namespace holds \`ca.crt\`, \`tls.crt\` and \`tls.key\`; without TLS leave it out. \`helm test\` makes a registration,
waits until Kubernetes shows it, takes it back and waits until it is gone.`,
    `Custom resource definitions come with the chart, are upgraded with it, and stay when it is uninstalled. Where they were applied by hand before,
Helm refuses them, since they are not its own: set \`crds.enabled=false\`, or hand them over with \`--take-ownership\` (Helm 3.17).`,
    'A value that is unknown or of the wrong type is refused before anything is done, and so are values that do not fit together.',
    '## Values',
    valuesTable(readFileSync(values, 'utf8')),
  );
}
