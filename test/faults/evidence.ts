import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Published } from './published.ts';
import type { Registered } from './registered.ts';
import type { Storm } from './storm.ts';
import type { World } from './world.ts';

/** Everything that a run has seen, for whoever looks into a failure: it does not happen quite the same again. Returns the folder, which stays. */
export async function keepEvidence(
  { replicas, plane }: World,
  { lives, revision }: Registered,
  { publications, holds }: Published,
  storm: Storm,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-evidence-'));
  const lines = (all: readonly object[]): string => all.map((one) => `${JSON.stringify(one)}\n`).join('');
  await Promise.all([
    writeFile(join(folder, 'troubles.txt'), `${storm.history.join('\n')}\n`),
    writeFile(join(folder, 'registered.jsonl'), lines([...lives, { revision }])),
    writeFile(join(folder, 'published.jsonl'), lines(publications)),
    writeFile(join(folder, 'holds.jsonl'), lines(holds)),
    ...replicas.all.map(({ replica, output }) => writeFile(join(folder, `${replica}.log`), output)),
    copyFile(plane.auditLog, join(folder, 'audit.log')),
  ]);
  return folder;
}
