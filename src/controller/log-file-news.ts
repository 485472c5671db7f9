import { filesInUse, filesNotInUse } from '../etcd/client/file-news.ts';
import type { Logger } from '../telemetry/logging.ts';

/** Logs what comes of files with credentials for etcd that have changed. */
export function logFileNews(
  log: Logger,
  connection: 'registry' | 'election',
): (problem: string | undefined) => void {
  return (problem) => {
    if (problem === undefined) {
      log.info({ connection }, filesInUse);
    } else {
      log.warn({ connection, problem }, filesNotInUse);
    }
  };
}
