import { type CacheIndex, type KubeObject, type ObjectKey, objectKey } from './types.ts';

/** Objects by values of their own. */
export class ObjectIndex<T extends KubeObject> implements CacheIndex<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #byValue = new Map<string, Map<ObjectKey, T>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): Iterable<T> {
    return this.#byValue.get(value)?.values() ?? [];
  }

  change(before: T | undefined, after: T | undefined): void {
    if (before !== undefined) {
      this.#remove(before);
    }
    if (after !== undefined) {
      this.#add(after);
    }
  }

  #add(object: T): void {
    for (const value of this.#valuesOf(object)) {
      const found = this.#byValue.get(value) ?? new Map<ObjectKey, T>();
      this.#byValue.set(value, found.set(objectKey(object.metadata), object));
    }
  }

  #remove(object: T): void {
    for (const value of this.#valuesOf(object)) {
      const found = this.#byValue.get(value);
      found?.delete(objectKey(object.metadata));
      if (found?.size === 0) {
        this.#byValue.delete(value);
      }
    }
  }
}
