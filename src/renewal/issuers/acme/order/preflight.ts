import { EverbindError } from '../../../../errors/error.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import type { IssuerSession } from '../account/issuer-session.ts';
import { withRenewal } from '../../../state/journal.ts';
import { issuedWith } from '../../../state/rows.ts';
import type { ManagedCertificate, Renewal } from '../../../state/types.ts';
import { isUrgent } from '../../../state/urgency.ts';

/**
 * Asks DNS and the directory before the first order for a certificate, and before those that follow a failure: routine has no reason to wait for
 * it, and what is in a hurry is ordered whatever it says. Throws RENEWAL_PREFLIGHT_FAILED for what is certain to be refused; the rest is noted.
 */
export async function preflight(
  context: RunContext,
  { config, client, accountUrl }: IssuerSession,
  certificate: ManagedCertificate,
  renewal: Renewal,
): Promise<void> {
  const { store, signal } = context;
  const asked = renewal.step !== 'started' && renewal.step !== 'key';
  if (context.preflight === undefined || asked || !isWanted(context, certificate)) return;
  const directory = await client.directory(signal);
  const obstacles = await context.preflight({ config, directory, accountUrl, certificate: certificate.config }, signal);
  const [first] = obstacles.toSorted((a, b) => Number(b.certain) - Number(a.certain));
  if (first === undefined) return;
  const codes = [...new Set(obstacles.map(({ code }) => code))];
  await store.commit(({ audit }) =>
    audit({
      type: 'preflight.found',
      subject: certificate.name,
      data: withRenewal(renewal.id, { issuer: config.name, codes }),
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

function isWanted({ store, clock }: RunContext, { id, failures }: ManagedCertificate): boolean {
  return store.read((db) => {
    if (isUrgent(db, id, clock.now())) return false;
    return failures > 0 || issuedWith(db, id, 'active').length === 0;
  });
}
