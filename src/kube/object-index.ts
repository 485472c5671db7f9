import { type CacheIndex, type KubeObject, type ObjectKey, objectKey } from './types.ts';

/** Objects by values of their own. Most values have one object, which stands there by itself: a map of one takes more memory than many an object. */
export class ObjectIndex<T extends KubeObject> implements CacheIndex<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #byValue = new Map<string, T | Map<ObjectKey, T>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): Iterable<T> {
    const found = this.#byValue.get(value);
    return found instanceof Map ? found.values() : found === undefined ? [] : [found];
  }

  /** What both are found by is left where it is: most changes of an object change none of it. */
  change(before: T | undefined, after: T | undefined): void {
    const values = after === undefined ? [] : this.#valuesOf(after);
    if (before !== undefined) {
      this.#remove(before, values);
    }
    if (after !== undefined) {
      this.#add(after, values);
    }
  }

  #add(object: T, values: readonly string[]): void {
    for (const value of values) {
      const found = this.#byValue.get(value);
      if (found instanceof Map) {
        found.set(objectKey(object.metadata), object);
      } else if (found === undefined || isNamesake(found, object)) {
        this.#byValue.set(value, object);
      } else {
        this.#byValue.set(value, new Map([found, object].map((one) => [objectKey(one.metadata), one])));
      }
    }
  }

  /** From all values but those that it `stays` at. */
  #remove(object: T, stays: readonly string[]): void {
    for (const value of this.#valuesOf(object)) {
      if (stays.includes(value)) {
        continue;
      }
      const found = this.#byValue.get(value);
      if (found instanceof Map) {
        found.delete(objectKey(object.metadata));
      }
      const isLast = found instanceof Map ? found.size === 0 : found && isNamesake(found, object);
      if (isLast) {
        this.#byValue.delete(value);
      }
    }
  }
}

function isNamesake({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}
