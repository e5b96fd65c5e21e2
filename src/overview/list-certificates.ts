import type { DatabaseSync } from 'node:sqlite';
import { statement } from '../store/statements.ts';
import type { Store } from '../store/store.ts';
import { SERVED_NOWHERE, toCertificate } from '../renewal/state/rows.ts';
import type { Issued, ManagedCertificate, RenewalStep } from '../renewal/state/types.ts';

/** A managed certificate and where it stands. */
export interface CertificateState extends ManagedCertificate {
  readonly active: Pick<Issued, 'thumbprint' | 'notBefore' | 'notAfter' | 'issuer'> | null;
  /** RenewalStep of a renewal that is not finished. */
  readonly openStep: RenewalStep | null;
  /** It was put to use, has deployments, and no place serves it. */
  readonly servedNowhere: boolean;
}

const PAGE = 200;

/**
 * Every managed certificate, by name, a page at a time: memory does not grow with their number, and no transaction stays open while somebody reads
 * the list slowly. One whose state changes meanwhile is there once, as it was or as it is.
 */
export function* listCertificates({ read }: Pick<Store, 'read'>): Generator<CertificateState, void> {
  for (let after = ''; ; ) {
    const page = read((db) => pageAfter(db, after));
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.name ?? '';
  }
}

function pageAfter(db: DatabaseSync, name: string): readonly CertificateState[] {
  const rows = statement(
    db,
    `SELECT c.*, i.thumbprint, i.not_before, i.not_after, i.issuer, r.step, ${SERVED_NOWHERE} AS served_nowhere FROM certificate c
     LEFT JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
     LEFT JOIN renewal r ON r.certificate_id = c.id AND r.outcome IS NULL
     WHERE c.removed = 0 AND c.name > ? ORDER BY c.name LIMIT ${PAGE}`,
  ).all(name);
  return rows.map((row) => ({
    ...toCertificate(row),
    active:
      row['thumbprint'] === null
        ? null
        : {
            thumbprint: row['thumbprint'] as string,
            notBefore: row['not_before'] as number,
            notAfter: row['not_after'] as number,
            issuer: row['issuer'] as string,
          },
    openStep: row['step'] as RenewalStep | null,
    servedNowhere: row['served_nowhere'] === 1,
  }));
}
