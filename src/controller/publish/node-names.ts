import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { judgeAddress } from '../../formats/address.ts';
import type { Node } from '../../kube/resources.ts';
import type { CacheIndex, WatchedCache } from '../../kube/types.ts';

/** The Nodes of the cluster by their addresses: who names the Node of an instance. */
export class NodeNames {
  readonly #nodes: WatchedCache<Node>;
  readonly #byAddress: CacheIndex<Node>;

  /** To be made before the cache is started. */
  constructor(nodes: WatchedCache<Node>) {
    this.#nodes = nodes;
    this.#byAddress = nodes.index(internalAddresses);
  }

  /** The Node that has the address as its InternalIP; undefined where none has, or where several say so. */
  of(address: string): string | undefined {
    const [node, other] = this.#byAddress.get(address);
    return other === undefined ? node?.metadata.name : undefined;
  }

  /** The endpoints with the names of their Nodes. */
  name(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
    return endpoints.map(({ nodeName: _, ...endpoint }) => {
      const nodeName = this.of(endpoint.address);
      return nodeName === undefined ? endpoint : { ...endpoint, nodeName };
    });
  }

  /** Calls the listener when an address has come to a Node or gone from one; not for what else Nodes report of themselves. */
  onChange(listener: () => void): void {
    this.#nodes.onChange((before, after) => {
      if (String(internalAddresses(before)) !== String(internalAddresses(after))) {
        listener();
      }
    });
  }
}

/** What is kept of a Node: it says much of itself, again and again. */
export function slimNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { name, uid = '', resourceVersion = '' } = metadata;
  const addresses = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  return { apiVersion, kind, metadata: { name, uid, resourceVersion }, status: { addresses } };
}

/** In their canonical form, as instances have them. */
function internalAddresses(node: Node | undefined): readonly string[] {
  return (node?.status?.addresses ?? []).flatMap(({ type, address }) => {
    const judged = judgeAddress(address);
    return type === 'InternalIP' && judged.kind === 'address' ? [judged.address] : [];
  });
}
