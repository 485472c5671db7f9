import { type EtcdService, type EtcdServiceSpec, serviceNameOf } from '../../api/etcd-service.ts';
import { parseSpec, problemsText } from '../../api/parse.ts';
import { Refusal } from '../status/refusal.ts';

/** The fields whose problems are about names alone. */
const nameFields = ['metadata.name', 'spec.service.name'];

/** The spec of an EtcdService, every rule checked; what breaks one is returned as the refusal that it leads to. */
export function readSpec(object: EtcdService): EtcdServiceSpec | Refusal {
  const parsed = parseSpec(object);
  if ('problems' in parsed) {
    const isNameOnly = parsed.problems.every(({ path }) => nameFields.includes(path));
    return new Refusal(isNameOnly ? 'InvalidServiceName' : 'InvalidSpec', problemsText(parsed.problems));
  }
  const compared = parseSpec(object, asPublished(object, parsed.ok));
  return 'ok' in compared ? compared.ok : new Refusal('InvalidSpec', problemsText(compared.problems));
}

/**
 * The EtcdService with the Service's name of its status, which is that of the first spec: servers before 1.25 let it be changed, and
 * the Service of the old name would stay behind.
 */
function asPublished(object: EtcdService, spec: EtcdServiceSpec): EtcdService {
  const name = object.status?.serviceName ?? serviceNameOf(object.metadata.name, spec);
  return { ...object, spec: { ...spec, service: { ...spec.service, name } } };
}
