/** Works on the items with so many at a time; in their order, each once. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  workers: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = Iterator.from(items);
  const run = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: workers }, run));
}

/** The same with twenty at a time, as many as an apiserver takes without queueing them. */
export function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<unknown>,
): Promise<void> {
  return inParallel(items.entries(), 20, ([index, item]) => work(item, index));
}
