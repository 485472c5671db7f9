import type { EndpointSlice, EndpointSliceEndpoint } from '../../kube/resources.ts';

/** Endpoints of which all that is read here but their address is the same, one after the other as the slice has them. */
interface Alike {
  /** All but the addresses. */
  readonly rest: Omit<EndpointSliceEndpoint, 'addresses'>;
  /** One of each endpoint, with blanks between them. */
  readonly addresses: string;
}

/** Where fewer than this are alike, on average, a text of their addresses spares nothing. */
const leastAlike = 4;

/**
 * The same slice, as caches keep it. There may be a million endpoints, each of four objects, and mostly all of a slice are alike: those are kept as a text of
 * their addresses, and made anew each time that somebody asks for them. A copy of the slice by spread has them made.
 */
export function withSlimEndpoints(slice: EndpointSlice): EndpointSlice {
  const { endpoints, ...others } = slice;
  if (!endpoints) {
    return slice;
  }
  const packed = endpoints.every(isPackable) ? pack(endpoints) : [];
  if (packed.length === 0 || packed.length * leastAlike > endpoints.length) {
    return { ...others, endpoints: endpoints.map(withKnownConditions) };
  }
  Object.defineProperty(others, alike, { value: packed });
  Object.defineProperty(others, 'endpoints', madeAnew);
  return others;
}

const alike = Symbol('alike');

/** One for all slices: V8 keeps an object whose getter is its own as a dictionary, which takes 500 bytes more and is slower to read. */
const madeAnew: PropertyDescriptor & ThisType<{ readonly [alike]: readonly Alike[] }> = {
  enumerable: true,
  get() {
    return unpack(this[alike]);
  },
};

/** Those of others may have several addresses, or none. */
function isPackable({ addresses }: EndpointSliceEndpoint): boolean {
  return addresses.length === 1 && addresses[0]?.includes(' ') === false;
}

function pack(endpoints: readonly EndpointSliceEndpoint[]): readonly Alike[] {
  const packed: { readonly first: EndpointSliceEndpoint; readonly addresses: string[] }[] = [];
  for (const endpoint of endpoints) {
    const last = packed.at(-1);
    if (last !== undefined && isAlike(endpoint, last.first)) {
      last.addresses.push(...endpoint.addresses);
    } else {
      packed.push({ first: endpoint, addresses: [...endpoint.addresses] });
    }
  }
  return packed.map(({ first: { addresses: _, ...rest }, addresses }) => ({
    rest: withKnownConditions(rest),
    addresses: addresses.join(' '),
  }));
}

/** Whether they differ at most in their address. A text of each would take as long to make as to parse the slice. */
function isAlike(a: EndpointSliceEndpoint, b: EndpointSliceEndpoint): boolean {
  return (
    isSameCondition(a.conditions, b.conditions) &&
    a.hostname === b.hostname &&
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    (a.hints === b.hints || JSON.stringify(a.hints) === JSON.stringify(b.hints))
  );
}

function isSameCondition(a: EndpointSliceEndpoint['conditions'], b: typeof a): boolean {
  return (
    (a === undefined) === (b === undefined) &&
    a?.ready === b?.ready &&
    a?.serving === b?.serving &&
    a?.terminating === b?.terminating
  );
}

function unpack(packed: readonly Alike[]): readonly EndpointSliceEndpoint[] {
  return packed.flatMap(({ rest, addresses }) =>
    addresses.split(' ').map((address) => ({ addresses: [address], ...rest })),
  );
}

/** The conditions of endpoints by what they say: a handful, however many endpoints have them. */
const knownConditions = new Map<string, NonNullable<EndpointSliceEndpoint['conditions']>>();

/** With the very conditions of all that say the same. */
function withKnownConditions<T extends Alike['rest']>(held: T): T {
  if (held.conditions === undefined) {
    return held;
  }
  const said = JSON.stringify(held.conditions);
  const known = knownConditions.get(said);
  if (known !== undefined) {
    return { ...held, conditions: known };
  }
  knownConditions.set(said, held.conditions);
  return held;
}
