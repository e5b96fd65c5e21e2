import { readEvents } from '../../../src/store/audit-read.ts';
import type { Store } from '../../../src/store/store.ts';

/** Types of the events about one subject (all without one), in order. */
export function eventTypes(store: Store, subject?: string): readonly string[] {
  return readEvents(store, subject === undefined ? {} : { subject }).map(
    (text) => (JSON.parse(text) as { type: string }).type,
  );
}
