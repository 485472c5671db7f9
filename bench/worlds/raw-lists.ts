import type { Ground } from '../ground.ts';
import { prefix } from '../objects.ts';
import type { RawListed, RawLists } from '../raw/lists.ts';
import { type RawResult, runRaw } from '../raw/program.ts';

/** Lists all registrations in pages, and these collections besides, and keeps them as the client libraries bring them. */
export function rawLists(
  { access, etcdAddress: etcd, environment }: Ground,
  collections: RawLists['collections'] = {},
): Promise<RawResult<RawListed>> {
  const program = new URL('../raw/lists.ts', import.meta.url);
  return runRaw(program, { access, etcd, prefixes: [prefix], collections }, environment);
}
