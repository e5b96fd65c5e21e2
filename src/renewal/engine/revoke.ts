import type { RevocationReason } from '../../acme/session/certificate-requests.ts';
import { acmeErrorType, AcmeProblemError } from '../../acme/messages/problem.ts';
import { EverbindError } from '../../errors/error.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import { statement } from '../../store/statements.ts';
import type { RunContext } from './run-context.ts';
import { certificateByName, issuedWith } from '../state/rows.ts';

export interface RevokeRequest {
  /** Name of the managed certificate. */
  readonly name: string;
  /** CRLReason (RFC 5280 section 5.3.1); null: none given. */
  readonly reason: RevocationReason | null;
  /** Signed by the certificate's own key instead of the account's (RFC 8555 section 7.6). */
  readonly byCertificateKey: boolean;
}

export interface RevokeResult {
  readonly name: string;
  readonly thumbprint: string;
  /** The CA had it revoked already. */
  readonly already: boolean;
}

/** Revokes and makes a new certificate due. Safe to repeat. Throws RENEWAL_UNKNOWN_CERTIFICATE, RENEWAL_NOTHING_ISSUED, and what the CA says. */
export async function revoke(context: RunContext, request: RevokeRequest): Promise<RevokeResult> {
  const { store, sessions, keys, clock, signal } = context;
  const { name } = request;
  const certificate = store.read((db) => certificateByName(db, name));
  if (certificate === null) {
    throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
  }
  const [active] = store.read((db) => issuedWith(db, certificate.id, 'active'));
  const [der] = active === undefined ? [] : parsePemCertificates(active.chain);
  if (active === undefined || der === undefined) {
    throw new EverbindError('RENEWAL_NOTHING_ISSUED', `no certificate was issued for ${name} yet`, { name });
  }
  const { client } = await sessions.open(active.issuer);
  await store.commit(({ audit }) =>
    audit({
      type: 'revocation.requested',
      subject: name,
      data: { thumbprint: active.thumbprint, reason: request.reason, byCertificateKey: request.byCertificateKey },
    }),
  );
  let already = false;
  try {
    await client.revokeCertificate(
      {
        der,
        ...(request.reason === null ? {} : { reason: request.reason }),
        ...(request.byCertificateKey ? { signer: await keys.open(active.keyHandle) } : {}),
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof AcmeProblemError) || acmeErrorType(error.problem) !== 'alreadyRevoked') throw error;
    already = true;
  }
  await store.commit(({ db, audit }) => {
    statement(db, 'UPDATE issued SET revoked_at = ? WHERE id = ?').run(clock.now(), active.id);
    statement(
      db,
      `UPDATE certificate SET next_due = ?, due_reason = 'revoked', failures = 0, next_poll = NULL WHERE id = ?`,
    ).run(clock.now(), certificate.id);
    audit({ type: 'certificate.revoked', subject: name, data: { thumbprint: active.thumbprint, already } });
  });
  return { name, thumbprint: active.thumbprint, already };
}
