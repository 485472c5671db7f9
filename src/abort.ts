/** Calls back when the signal aborts, or at once where it has; returns a function that ends it. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
  }
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onAbort(signal, resolve);
  await promise;
}

/** The promise, or the signal's reason as soon as it aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return await promise;
  }
  const refusal = Promise.withResolvers<never>();
  const forget = onAbort(signal, () => refusal.reject(signal.reason));
  try {
    return await Promise.race([promise, refusal.promise]);
  } finally {
    forget();
  }
}
