import { errorCode, EverbindError } from '../../../../errors/error.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import type { ManagedCertificate } from '../../../state/certificate-table.ts';
import { activeOf, isUrgent } from '../../../state/issued-table.ts';
import { withRenewal } from '../../../state/renewal-table.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';

/**
 * What this machine sees of CAA may not be what the CA sees: after so many failed attempts in a row the CA is asked
 * whatever was found.
 */
const MOST_REFUSED = 3;

/**
 * Asks DNS and the directory before the first order for a certificate, and before those that follow a change or a
 * failure: routine has no reason to wait for it, and what is in a hurry is ordered whatever it says. Throws
 * RENEWAL_PREFLIGHT_FAILED for what is certain to be refused, three times in a row; the rest is noted, and so is a look
 * that fails.
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
  const obstacles = await run
    .preflight({ config, directory, accountUrl, certificate: certificate.config }, signal)
    .catch(async (error: unknown) => {
      signal.throwIfAborted();
      const data = withRenewal(renewalId, { issuer: config.name, code: errorCode(error) });
      await store.commit(({ audit }) => audit({ type: 'preflight.failed', subject: certificate.name, data }));
      return [];
    });
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
  if (!first.certain || certificate.failures >= MOST_REFUSED) return;
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
