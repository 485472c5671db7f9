/** Waits for all of them, also where one fails: nothing goes on behind the caller's back. Throws the first failure then. */
export async function together<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  if (work.length < 2) {
    return await Promise.all(work);
  }
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === 'rejected') {
      throw result.reason;
    }
    return result.value;
  });
}
