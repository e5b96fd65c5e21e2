import { EverbindError } from '../../errors/error.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import type { RevocationReason } from '../../ports/issuer.ts';
import { forgetFailures, requireCertificate, setDue, setNextPoll } from '../state/certificate-table.ts';
import { activeOf, noteRevoked } from '../state/issued-table.ts';
import type { RunContext } from './engine-ports.ts';

export interface RevokeRequest {
  /** Name of the managed certificate. */
  readonly name: string;
  /** null: none given. */
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

/**
 * Revokes and makes a new certificate due. Safe to repeat. Throws RENEWAL_UNKNOWN_CERTIFICATE, RENEWAL_NOTHING_ISSUED,
 * and what the issuer throws.
 */
export async function revoke(
  { store, issuers, keys, clock }: RunContext,
  { name, reason, byCertificateKey }: RevokeRequest,
): Promise<RevokeResult> {
  const certificate = store.read((db) => requireCertificate(db, name));
  const active = store.read((db) => activeOf(db, certificate.id));
  const [der] = active === null ? [] : parsePemCertificates(active.chain);
  if (active === null || der === undefined) {
    throw new EverbindError('RENEWAL_NOTHING_ISSUED', `no certificate was issued for ${name} yet`, { name });
  }
  const { thumbprint } = active;
  const issuer = issuers.open(active.issuer);
  // Before the log says that anything is asked: without the key nothing is.
  const signer = byCertificateKey ? await keys.open(active.keyHandle) : null;
  await store.commit(({ audit }) =>
    audit({ type: 'revocation.requested', subject: name, data: { thumbprint, reason, byCertificateKey } }),
  );
  const { already } = await issuer.revoke({ der, reason, signer });
  await store.commit(({ db, audit }) => {
    noteRevoked(db, active.id, clock.now());
    setDue(db, certificate.id, { at: clock.now(), reason: 'revoked' });
    forgetFailures(db, certificate.id);
    setNextPoll(db, certificate.id, null);
    audit({ type: 'certificate.revoked', subject: name, data: { thumbprint, already } });
  });
  return { name, thumbprint, already };
}
