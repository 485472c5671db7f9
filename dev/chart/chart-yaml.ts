import { stringify } from 'yaml';
import { packageVersion } from '../../src/version.ts';

/** Chart.yaml: the chart has the version of what it installs. */
export function chartYaml(): string {
  const version = packageVersion();
  return stringify(
    {
      apiVersion: 'v2',
      name: 'etcd-endpoints',
      description: 'Services that register themselves in etcd appear in Kubernetes as ordinary Services.',
      type: 'application',
      version,
      appVersion: version,
      kubeVersion: '>=1.25.0-0',
      home: 'https://github.com/etcd-endpoints/etcd-endpoints',
      sources: ['https://github.com/etcd-endpoints/etcd-endpoints'],
      keywords: ['etcd', 'service-discovery', 'endpoints', 'endpointslice'],
    },
    { lineWidth: 0 },
  );
}
