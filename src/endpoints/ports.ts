import type { EndpointsPort } from '../kube/resources.ts';
import type { EndpointPort } from './types.ts';

/** A port as Endpoints or EndpointSlices hold it, with what the apiserver takes for granted. */
export function fromKubePort({
  name = '',
  port,
  protocol = 'TCP',
  appProtocol,
}: EndpointsPort): EndpointPort {
  return appProtocol === undefined ? { name, port, protocol } : { name, port, protocol, appProtocol };
}
