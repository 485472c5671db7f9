import type { ControllerConfig } from '../config/controller-options.ts';
import {
  catalogRights,
  leaseRights,
  nodeRights,
  ownNamespaceRights,
  registryRights,
  serviceRights,
} from '../kube/rights.ts';
import type { RightsGroup } from './rights.ts';

/** The rights that a controller which is set up like this needs, and which of them it can do without. */
export function rightsGroups(
  { election, namespaces, nodeNames }: ControllerConfig,
  ownNamespace: string,
  hasRegistries: boolean,
): readonly RightsGroup[] {
  const cluster = [undefined];
  const own = [ownNamespace];
  const namesElection = election.where === 'etcd' && election.name === undefined;
  const groups: readonly (RightsGroup | false)[] = [
    {
      rules: serviceRights,
      namespaces: namespaces.length === 0 ? cluster : namespaces,
      who: 'EtcdServices',
      isNeeded: true,
    },
    {
      rules: ownNamespaceRights,
      namespaces: own,
      who: 'the name of the election, Events of its terms and the Secrets of EtcdRegistries',
      isNeeded: namesElection || hasRegistries,
    },
    election.where === 'kubernetes' && {
      rules: leaseRights(election.name ?? election.release),
      namespaces: own,
      who: 'elections by a Lease',
      isNeeded: true,
    },
    nodeNames && { rules: nodeRights, namespaces: cluster, who: 'the names of Nodes', isNeeded: true },
    {
      rules: registryRights,
      namespaces: cluster,
      who: 'EtcdRegistries and the ranges of Services',
      isNeeded: hasRegistries,
    },
    { rules: catalogRights, namespaces: cluster, who: 'EtcdCatalogs', isNeeded: false },
  ];
  return groups.filter((group) => group !== false);
}
