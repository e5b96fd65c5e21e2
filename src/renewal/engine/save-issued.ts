import { certificateId } from '../../acme/messages/renewal-info.ts';
import type { IssuedCertificate } from '../../pki/check-issued.ts';
import { toPem } from '../../pki/asn1/pem.ts';
import { statement } from '../../store/statements.ts';
import { noteValidated } from '../ratelimits/limiter.ts';
import type { RunContext } from './run-context.ts';
import { noteIssuerWorks } from '../state/issuer-health.ts';
import { forgetPause } from '../state/paused.ts';
import { forgetStagingRun } from '../state/staging-run-table.ts';
import type { ManagedCertificate, Renewal } from '../state/types.ts';

/** Journals a checked certificate, before it is installed anywhere. Whatever stood against its issuer and its names is over with it. */
export async function saveIssued(
  { journal, clock }: Pick<RunContext, 'journal' | 'clock'>,
  accountUrl: string,
  certificate: ManagedCertificate,
  renewal: Renewal,
  issued: IssuedCertificate,
): Promise<Renewal> {
  const chain = issued.chain.map(({ der }) => toPem('CERTIFICATE', der)).join('');
  let issuedId = 0;
  const saved = await journal.step(
    renewal,
    certificate.name,
    {
      changes: { step: 'issued' },
      type: 'certificate.issued',
      data: {
        thumbprint: issued.thumbprint,
        fingerprint: issued.leaf.fingerprint,
        serial: issued.leaf.serialHex,
        notBefore: new Date(issued.notBefore).toISOString(),
        notAfter: new Date(issued.notAfter).toISOString(),
        root: issued.root.subjectText,
      },
    },
    (transaction) => {
      const { db } = transaction;
      const { lastInsertRowid } = statement(
        db,
        `INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at, ari_id)
         VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        certificate.id,
        issued.thumbprint,
        chain,
        renewal.algorithm,
        renewal.keyHandle,
        renewal.issuer,
        accountUrl,
        issued.notBefore,
        issued.notAfter,
        clock.now(),
        ariIdOf(issued.leaf),
      );
      issuedId = Number(lastInsertRowid);
      statement(db, 'UPDATE renewal SET issued_id = ? WHERE id = ?').run(issuedId, renewal.id);
      forgetStagingRun(db, certificate.id);
      noteIssuerWorks(transaction, renewal.issuer);
      noteValidated(transaction, renewal);
      forgetPause(transaction, certificate.id, renewal.issuer);
    },
  );
  return { ...saved, issuedId };
}

function ariIdOf(leaf: IssuedCertificate['leaf']): string | null {
  return leaf.authorityKeyIdentifier ? certificateId(leaf) : null;
}
