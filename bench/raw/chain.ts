/** Raw limit: an own watch on etcd, and for each event the PUT of a slice over a pooled connection. Nothing else. Runs until it is stopped. */
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { sliceFor } from '../objects.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';

export interface RawChain {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  /** Keys are `<prefix><name of the slice>/<instance>`. */
  readonly prefix: string;
  readonly namespace: string;
  readonly instances: number;
}

rawProgram(async ({ access, etcd, prefix, namespace, instances }: RawChain): Promise<never> => {
  const api = new RawApi(access);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  for await (const events of new RawEtcd(etcd).events(prefix)) {
    for (const { key, value = '' } of events) {
      const [name = ''] = key.slice(prefix.length).split('/');
      const addresses = [
        value.split(':')[0] ?? '',
        ...Array(instances - 1)
          .keys()
          .map(otherAddress),
      ];
      await api.send('PUT', `${path}/${name}`, sliceFor(namespace, name, addresses));
    }
  }
  throw new Error('etcd ended the watch');
});

function otherAddress(index: number): string {
  return `203.0.113.${index + 1}`;
}
