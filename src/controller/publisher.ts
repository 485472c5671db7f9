import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { Service } from '../kube/resources.ts';
import type { Claim } from './claim.ts';
import type { EndpointsKeeper } from './endpoints-keeper.ts';

/** What a publication has changed, for log line, Event and metrics. */
export interface Write {
  readonly action: 'create' | 'update' | 'adopt';
  /** What was published before. */
  readonly before: readonly DesiredEndpoint[];
  /** Whether the Endpoints hold only a part, because one object cannot hold more. */
  readonly truncated: boolean;
}

export interface Publication {
  /** Undefined where nothing had to be written. */
  readonly write: Write | undefined;
  /** After how many milliseconds the publication has to be looked at again; undefined where it is complete. */
  readonly lookAgainMs: number | undefined;
}

export interface PublisherDeps {
  readonly endpoints: EndpointsKeeper;
}

/** Publishes the endpoints of an EtcdService in the kinds that it asks for. */
export class Publisher {
  readonly #deps: PublisherDeps;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** What this very EtcdService has published, as opposed to another one that held the name before. */
  published(claim: Claim): readonly DesiredEndpoint[] {
    return this.#deps.endpoints.published(claim);
  }

  /** Makes Kubernetes hold these endpoints with the fewest writes. Refused where somebody else fills the Service. */
  async ensure(claim: Claim, service: Service, endpoints: readonly DesiredEndpoint[]): Promise<Publication> {
    return { write: await this.#deps.endpoints.ensure(claim, service, endpoints), lookAgainMs: undefined };
  }
}
