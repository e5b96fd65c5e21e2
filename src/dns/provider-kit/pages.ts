import { unusable } from './provider-failure.ts';

/** More than any list that we ask for has. A host that always has one more is faulty. */
const MOST_PAGES = 200;

/** One page of a list. `next`: where the next page begins; null after the last. */
export interface Page<T, C> {
  readonly items: readonly T[];
  readonly next: C | null;
}

/**
 * The items of all pages, read one after the other. Throws what `read` throws; DNS_PROVIDER_FAILED when the pages do
 * not end.
 */
export async function allPages<T, C>(host: string, first: C, read: (cursor: C) => Promise<Page<T, C>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: C | null = first;
  for (let pages = 0; cursor !== null; pages += 1) {
    if (pages === MOST_PAGES) throw unusable(host, 'its pages do not end', 200);
    const page: Page<T, C> = await read(cursor);
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}
