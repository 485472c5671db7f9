import { judgeAddress } from '../formats/address.ts';
import { type AddressMatcher, cidrMatcher } from '../formats/cidr.ts';

/** Where ranges are known from: each source replaces what it said before. */
export type RangeSource = 'flags' | 'ServiceCIDR';

/**
 * The addresses that Kubernetes gives to Services. No instance may have one: what is registered so would lead the clients of one Service to
 * another, past network policies (CVE-2021-25740), and kube-proxy cannot forward to it.
 */
export class ServiceRanges {
  readonly #bySource = new Map<RangeSource, readonly string[]>();
  /** How many Services have an address. */
  readonly #addresses = new Map<string, number>();
  readonly #onChange: () => void;
  #ranges: AddressMatcher = () => false;

  /** `onChange` is called when an address may be judged differently from now on. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Whether any range is known. Without one, only addresses that a Service has now are refused. */
  get known(): boolean {
    return [...this.#bySource.values()].some((cidrs) => cidrs.length > 0);
  }

  /** The ranges that are known, sorted. */
  get cidrs(): readonly string[] {
    return [...new Set([...this.#bySource.values()].flat())].sort();
  }

  holds(address: string): boolean {
    return this.#ranges(address) || this.#addresses.has(address);
  }

  setRanges(source: RangeSource, cidrs: readonly string[]): void {
    const before = this.cidrs;
    this.#bySource.set(source, cidrs);
    if (this.cidrs.join() !== before.join()) {
      this.#ranges = cidrMatcher(this.cidrs);
      this.#onChange();
    }
  }

  /** A Service had the addresses `before` and has those of `after` now. Where its range is known that changes nothing. */
  serviceChanged(before: readonly string[], after: readonly string[]): void {
    const [gone, come] = [canonical(before), canonical(after)];
    const isNews = [
      ...come
        .difference(gone)
        .values()
        .map((address) => this.#count(address, 1)),
      ...gone
        .difference(come)
        .values()
        .map((address) => this.#count(address, -1)),
    ].some(Boolean);
    if (isNews) {
      this.#onChange();
    }
  }

  /** Returns whether the address is judged differently now. */
  #count(address: string, by: 1 | -1): boolean {
    const before = this.#addresses.get(address) ?? 0;
    const after = before + by;
    if (after > 0) {
      this.#addresses.set(address, after);
    } else {
      this.#addresses.delete(address);
    }
    return before > 0 !== after > 0 && !this.#ranges(address);
  }
}

/** As registrations have them; `None` of a headless Service is none. */
function canonical(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(
    addresses.flatMap((text) => {
      const judged = judgeAddress(text);
      return judged.kind === 'address' ? [judged.address] : [];
    }),
  );
}
