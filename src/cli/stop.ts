const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * A signal that aborts when the process is first told to stop. From then on it acts on signals as any process does: a second one ends it at once.
 * `release` gives the signals back without an abort.
 */
export function stopOf(process: Pick<NodeJS.Process, 'on' | 'off'>): {
  readonly signal: AbortSignal;
  release(): void;
} {
  const stop = new AbortController();
  const release = (): void => {
    for (const name of stopSignals) {
      process.off(name, onSignal);
    }
  };
  const onSignal = (): void => {
    release();
    stop.abort();
  };
  for (const name of stopSignals) {
    process.on(name, onSignal);
  }
  return { signal: stop.signal, release };
}
