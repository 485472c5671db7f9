import { type AnnouncedPorts, announcedPorts } from '../../endpoints/announced-ports.ts';
import { type Conversion, convertService, isExternalName } from '../../endpoints/convert-service.ts';
import { annotations, managerName } from '../../endpoints/labels.ts';
import { planService, portsOf, type ServiceWish } from '../../endpoints/plan-service.ts';
import type { ServicePort } from '../../endpoints/types.ts';
import { codeOf } from '../../errors.ts';
import type { Instance } from '../../formats/types.ts';
import { SERVICES, type Service } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { Refusal } from '../status/refusal.ts';
import type { OwnWrites } from './own-writes.ts';
import { absent, appeared, refuseOtherFamily, refuseRetyped, refuseUnfillable } from './service-refusals.ts';
import type { Strangers } from './strangers.ts';

export type ServiceAction = 'created' | 'updated' | 'adopted' | 'converted';

export interface ServiceKeeperDeps {
  readonly services: OwnWrites<Service>;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  readonly strangers: Pick<Strangers, 'mayHave'>;
  /** Told of what was done, for log, Event and metric. */
  readonly done: (claim: Claim, action: ServiceAction) => void;
}

/** Keeps the Service of an EtcdService: creates, fills or adopts it, or says why not. */
export class ServiceKeeper {
  readonly #deps: ServiceKeeperDeps;
  /** Whether the apiserver knows spec.trafficDistribution, which came with Kubernetes 1.30: until it says otherwise. */
  #knowsDistribution = true;

  constructor(deps: ServiceKeeperDeps) {
    this.#deps = deps;
  }

  /** The Service as it stands, whatever it is. */
  standing({ key }: Claim): Service | undefined {
    return this.#deps.services.get(key);
  }

  /** The Service as it stands; refused where it cannot be filled from outside. */
  existing(claim: Claim): Service | undefined {
    const service = this.standing(claim);
    if (service !== undefined) {
      refuseUnfillable(claim, service);
    }
    return service;
  }

  /**
   * The ports to publish for: those of the spec, those that the instances announce where it says so, else those of a Service that stands and is
   * not made from this spec.
   */
  ports(
    claim: Claim,
    existing: Service | undefined,
    instances: Iterable<Pick<Instance, 'ports'>>,
  ): AnnouncedPorts {
    if (claim.ports !== undefined) {
      return { ports: claim.ports, leftOut: 0 };
    }
    const { portsFrom, service } = claim.spec;
    const standing = existing === undefined ? [] : portsOf(existing);
    if (existing === undefined && service.creationPolicy === 'Never') {
      throw absent(claim);
    }
    if (portsFrom !== undefined && (existing === undefined || isMadeFrom(claim, existing))) {
      return announcedPorts(standing, instances);
    }
    const isNameAlone = existing !== undefined && isExternalName(existing) && standing.length === 0;
    if ((existing !== undefined && !isNameAlone) || service.type === 'Headless') {
      return { ports: standing, leftOut: 0 };
    }
    const what = existing === undefined ? 'has to be created' : 'is an ExternalName without ports';
    throw new Refusal('PortsRequired', `Service ${claim.key} ${what}; name its ports in spec.ports`);
  }

  /**
   * Makes the Service what the spec asks for and returns it; one that is not ours is returned as it is, or, an ExternalName, as it will be when
   * it is adopted.
   */
  async ensure(claim: Claim, existing: Service | undefined, ports: readonly ServicePort[]): Promise<Service> {
    if (existing === undefined) {
      return this.#create(claim, ports);
    }
    if (isExternalName(existing)) {
      return conversionOf(claim, existing).service;
    }
    return claim.isOurs(existing) ? this.#update(claim, existing, ports) : existing;
  }

  /**
   * Under creationPolicy Adopt, marks a Service of somebody else as ours from now on; none of its own fields changes, but that an ExternalName
   * gets a type that has endpoints. To be called when its endpoints are ours: a Service is not taken from a hand that still fills it, nor
   * does it lose its name before there is something else. Returns the Service as it stands.
   */
  async adopt(claim: Claim, service: Service): Promise<Service> {
    if (claim.spec.service.creationPolicy !== 'Adopt' || claim.isOurs(service)) {
      return service;
    }
    const existing = this.#deps.services.get(claim.key);
    if (existing !== undefined && isExternalName(existing)) {
      return await this.#convert(claim, existing);
    }
    const wish = { ...wishOf(claim, []), isAdopted: true };
    const adopted = await this.#apply(claim, wish, service, { force: false });
    if (adopted === undefined) {
      return service;
    }
    this.#deps.done(claim, 'adopted');
    return adopted;
  }

  async #convert(claim: Claim, existing: Service): Promise<Service> {
    const { patch } = conversionOf(claim, existing);
    claim.assertSameTerm();
    const converted = await this.#deps.services.write(claim.key, () =>
      this.#deps.writer.mergePatch(SERVICES, existing.metadata, patch),
    );
    this.#deps.done(claim, 'converted');
    return converted;
  }

  async #create(claim: Claim, ports: readonly ServicePort[]): Promise<Service> {
    if (claim.spec.service.creationPolicy === 'Never') {
      throw absent(claim);
    }
    if (ports.length === 0 && claim.spec.service.type !== 'Headless') {
      throw new Refusal(
        'PortsNotAnnounced',
        `Service ${claim.key} is created once a registration announces a port`,
      );
    }
    await this.#refuseUnseen(claim);
    const created = await this.#apply(claim, wishOf(claim, ports), undefined, { force: false });
    if (created === undefined) {
      throw new Error('A Service that is absent is always planned');
    }
    if (!isMadeByUs(created)) {
      await this.#undo(claim, created);
    }
    this.#deps.done(claim, 'created');
    refuseOtherFamily(claim, created);
    return created;
  }

  /** Our cache may lag behind a Service that stands, ours or not: it is looked at before one is made. */
  async #refuseUnseen(claim: Claim): Promise<void> {
    if (!(await this.#deps.strangers.mayHave('service', claim))) {
      return;
    }
    const unseen = await this.#deps.reader.get(SERVICES, claim.serviceName, claim.namespace);
    if (unseen === undefined) {
      return;
    }
    this.#deps.services.remember(claim.key, unseen);
    throw appeared(claim);
  }

  /** Server-side apply merges into a Service that somebody else created in the same moment: what we added goes again. */
  async #undo(claim: Claim, { apiVersion, kind, metadata }: Service): Promise<never> {
    const nothing = { apiVersion, kind, metadata: { namespace: claim.namespace, name: metadata.name } };
    claim.assertSameTerm();
    await this.#deps.services.write(claim.key, () =>
      this.#deps.writer.apply(SERVICES, nothing, { force: false }),
    );
    throw appeared(claim);
  }

  async #update(claim: Claim, existing: Service, ports: readonly ServicePort[]): Promise<Service> {
    const wish = wishOf(claim, ports, existing);
    if (!wish.isAdopted) {
      refuseRetyped(claim, existing);
      refuseOtherFamily(claim, existing);
    }
    const updated = await this.#apply(claim, wish, existing, { force: true });
    if (updated === undefined) {
      return existing;
    }
    this.#deps.done(claim, 'updated');
    return updated;
  }

  /** Applies what is wished, without what the apiserver does not know; undefined where the existing Service says it all. */
  async #apply(
    claim: Claim,
    wish: ServiceWish,
    existing: Service | undefined,
    options: { readonly force: boolean },
  ): Promise<Service | undefined> {
    const { trafficDistribution, ...known } = wish;
    const wanted = planService(this.#knowsDistribution ? wish : known, existing);
    if (wanted === undefined) {
      return undefined;
    }
    claim.assertSameTerm();
    try {
      return await this.#deps.services.write(claim.key, () =>
        this.#deps.writer.apply(SERVICES, wanted, options),
      );
    } catch (error) {
      const isTooOld =
        codeOf(error) === 'KUBE_UNKNOWN_FIELD' && wanted.spec?.trafficDistribution !== undefined;
      if (!isTooOld) {
        throw error;
      }
      this.#knowsDistribution = false;
      return this.#apply(claim, wish, existing, options);
    }
  }
}

function wishOf(claim: Claim, ports: readonly ServicePort[], existing?: Service): ServiceWish {
  const { service } = claim.spec;
  return {
    namespace: claim.namespace,
    name: claim.serviceName,
    etcdService: claim.object.metadata.name,
    headless: service.type === 'Headless',
    ports,
    ...(service.ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy: service.ipFamilyPolicy }),
    ...(service.ipFamilies === undefined ? {} : { ipFamilies: service.ipFamilies }),
    ...(service.trafficDistribution === undefined
      ? {}
      : { trafficDistribution: service.trafficDistribution }),
    labels: service.labels ?? {},
    annotations: service.annotations ?? {},
    ownerReferences: claim.owners,
    isAdopted: existing !== undefined && isAdopted(existing),
  };
}

/** Ports that the spec does not name are left as they are. */
function conversionOf(claim: Claim, existing: Service): Conversion {
  return convertService(wishOf(claim, claim.ports ?? []), existing);
}

function isAdopted({ metadata }: Service): boolean {
  return metadata.annotations?.[annotations.adopted] !== undefined;
}

/** Whether the spec of a Service is what its EtcdService asks for, and nobody else's. */
function isMadeFrom(claim: Claim, service: Service): boolean {
  return claim.isOurs(service) && !isAdopted(service);
}

/** Whether nobody else has written the spec. Others may have added labels or annotations to what we have made by then. */
function isMadeByUs({ metadata }: Service): boolean {
  return (metadata.managedFields ?? []).every(
    ({ manager, fieldsV1 = {} }) => manager === managerName || !Object.hasOwn(fieldsV1, 'f:spec'),
  );
}
