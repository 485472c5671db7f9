/**
 * Runs `work` while holding the lock file `path`, so that only one process (of this machine) does at a time. A lock whose owner has died is
 * taken over. `onWait` is called every few seconds while another process holds it, with its process id.
 */
export function withLock<Result>(
  path: string,
  onWait: (owner: number) => void,
  work: () => Promise<Result>,
): Promise<Result>;
