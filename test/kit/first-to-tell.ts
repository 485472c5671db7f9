import { registryState } from '../../src/controller/registries/registry-state.ts';

/** A loss of the registry is reported between 30 and 60 seconds after it, spread by name; this is a name of those that come first. */
export function firstToTell(namespace: string): string {
  const lost = { connected: false, since: 0, sinceMonotonic: 0, error: undefined };
  for (let index = 0; ; index += 1) {
    const name = `early-${index}`;
    if (
      registryState({ connection: lost, key: `${namespace}/${name}`, shown: undefined, now: 31_000 })
        .finding !== undefined
    ) {
      return name;
    }
  }
}
