import { unusableAnswer } from './provider-failure.ts';

/** More than any list that we ask for has; a host that always has one more is not believed. */
const MOST_PAGES = 200;

/** What one page brought. `next`: where the next one begins; null after the last. */
export interface Page<T, C> {
  readonly items: readonly T[];
  readonly next: C | null;
}

/** The items of all pages, asked for one after the other. Throws what `read` throws, and DNS_PROVIDER_FAILED when the pages do not end. */
export async function allPages<T, C>(host: string, first: C, read: (cursor: C) => Promise<Page<T, C>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: C | null = first;
  for (let pages = 0; cursor !== null; pages += 1) {
    if (pages === MOST_PAGES) throw unusableAnswer(host, 'its pages do not end', 200);
    const page: Page<T, C> = await read(cursor);
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}
