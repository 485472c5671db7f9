import { hash } from 'node:crypto';
import type { Group } from './group.ts';

/** Gives names to new slices: the same one for the same slice tried again, so that a repeated create meets the first. */
export class SliceNames {
  readonly #service: string;
  readonly #taken: Set<string>;

  constructor(service: string, taken: Iterable<string>) {
    this.#service = service;
    this.#taken = new Set(taken);
  }

  next({ family, key }: Group): string {
    for (let number = 1; ; number += 1) {
      const name = `${this.#service}-${hash('sha256', `${family} ${key} ${number}`).slice(0, 10)}`;
      if (!this.#taken.has(name)) {
        this.#taken.add(name);
        return name;
      }
    }
  }
}
