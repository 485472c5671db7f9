/** What comes of files with certificates or a password for etcd that have changed. No message holds what is in them. */

export const filesInUse = 'The changed files with credentials for etcd are in use';

export const filesNotInUse =
  'The changed files with credentials for etcd cannot be used; those before are, and it is tried again';

/** The news in a sentence; `problem` as renewFromFiles tells it. */
export function fileNews(problem: string | undefined): string {
  return problem === undefined ? filesInUse : `${filesNotInUse}: ${problem}`;
}
