/**
 * Works on some items at a time and gives the answers in the order of the items. After a failure what is under way ends, and no more is
 * begun.
 */
export async function* inLanes<Item, Result>(
  items: AsyncIterable<Item>,
  lanes: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const working = work(item);
      // Whoever fails first is told of when its turn comes; until then nobody else listens to it.
      working.catch(() => {});
      underWay.push(working);
      if (underWay.length >= lanes) yield await (underWay.shift() as Promise<Result>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(underWay);
  }
}
