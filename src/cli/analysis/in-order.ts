// Works on several items at a time and gives the answers in the items' order, never holding more than a few of them.

/** `work` must not throw: a failure is an answer. At most `width` items are being worked on or waiting for their turn. */
export async function* mapInOrder<Item, Answer>(
  items: AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const waiting: Promise<Answer>[] = [];
  for await (const item of items) {
    waiting.push(work(item));
    if (waiting.length >= width) yield await waiting.shift()!;
  }
  for (const answer of waiting) yield await answer;
}
