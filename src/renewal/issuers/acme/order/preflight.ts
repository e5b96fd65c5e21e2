import { EverbindError } from '../../../../errors/error.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import type { ManagedCertificate } from '../../../state/certificate-table.ts';
import { activeOf, isUrgent } from '../../../state/issued-table.ts';
import { withRenewal } from '../../../state/renewal-table.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';

/**
 * Asks DNS and the directory before the first order for a certificate, and before those that follow a change or a
 * failure: routine has no reason to wait for it, and what is in a hurry is ordered whatever it says. Throws
 * RENEWAL_PREFLIGHT_FAILED for what is certain to be refused; the rest is noted.
 */
export async function preflight(
  run: AcmeRun,
  { config, client, accountUrl }: IssuerSession,
  certificate: ManagedCertificate,
  { renewalId }: IssuanceRequest,
): Promise<void> {
  const { store, signal } = run;
  if (run.preflight === undefined || !isWanted(run, certificate)) return;
  const directory = await client.directory(signal);
  const obstacles = await run.preflight({ config, directory, accountUrl, certificate: certificate.config }, signal);
  const [first] = obstacles.toSorted((a, b) => Number(b.certain) - Number(a.certain));
  if (first === undefined) return;
  const codes = [...new Set(obstacles.map(({ code }) => code))];
  await store.commit(({ audit }) =>
    audit({
      type: 'preflight.found',
      subject: certificate.name,
      data: withRenewal(renewalId, { issuer: config.name, codes }),
    }),
  );
  if (!first.certain) return;
  const where = first.name === null ? config.name : `${first.name} at ${config.name}`;
  throw new EverbindError('RENEWAL_PREFLIGHT_FAILED', `${where}: ${first.what}`, {
    issuer: config.name,
    name: first.name,
    findings: codes,
  });
}

function isWanted({ store, clock }: AcmeRun, { id, failures, dueReason }: ManagedCertificate): boolean {
  return store.read((db) => {
    if (isUrgent(db, id, clock.now())) return false;
    return failures > 0 || dueReason === 'changed' || activeOf(db, id) === null;
  });
}
