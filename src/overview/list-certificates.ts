import { certificatePage, type CertificateState } from '../renewal/state/certificate-queries.ts';
import type { Store } from '../store/store.ts';

const PAGE = 200;

/**
 * Every managed certificate, by name, a page at a time: memory does not grow with their number, and no transaction
 * stays open while somebody reads the list slowly. One whose state changes meanwhile is there once, as it was or as it
 * is.
 */
export function* listCertificates({ read }: Pick<Store, 'read'>): Generator<CertificateState, void> {
  for (let after = ''; ; ) {
    const last = after;
    const page = read((db) => certificatePage(db, last, PAGE));
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.name ?? '';
  }
}
