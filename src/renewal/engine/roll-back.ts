import { EverbindError } from '../../errors/error.ts';
import { parseCertificate } from '../../pki/x509/certificate.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import { giveBackTokens } from '../ratelimits/limiter.ts';
import type { RunContext } from './run-context.ts';
import { abandonOrder } from '../issuers/acme/order/abandon-order.ts';
import { finish, recordFailure } from './renew-one.ts';
import { closeRenewal, insertRenewal } from '../state/renewal-row.ts';
import { certificateByName, isKeyRevoked, openRenewal, previousOf } from '../state/rows.ts';
import { isBinding } from '../state/steps.ts';
import type { Issued, ManagedCertificate, Outcome, Renewal } from '../state/types.ts';

/**
 * Binds the certificate that was in use before, or the last one before that is still valid and whose key was not revoked, with the same care as a new one. A renewal under way is given up for it. Throws
 * RENEWAL_UNKNOWN_CERTIFICATE, RENEWAL_NO_PREVIOUS, and RENEWAL_UNDER_WAY while bindings stand half-changed.
 */
export async function rollBack(context: RunContext, name: string): Promise<Outcome> {
  const { store, clock } = context;
  const certificate = store.read((db) => certificateByName(db, name));
  if (certificate === null) {
    throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
  }
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && isBinding(open.step)) {
    throw new EverbindError('RENEWAL_UNDER_WAY', `a renewal of ${name} is not finished`, { name });
  }
  const previous = store.read((db) =>
    previousOf(db, certificate.id).find(
      ({ notAfter, keyHandle }) => notAfter > clock.now() && !isKeyRevoked(db, certificate.id, keyHandle),
    ),
  );
  if (previous === undefined) {
    throw new EverbindError('RENEWAL_NO_PREVIOUS', `there is no earlier certificate of ${name} that is still valid`, {
      name,
    });
  }
  // On a machine that cannot have the deployments any more, nothing is begun.
  await context.deploymentsFor(certificate.config);
  const renewal = startOf(context, certificate, previous);
  await store.commit((transaction) => {
    if (open !== null) {
      const data = { reason: 'rolled back' };
      giveBackTokens(transaction, open, null, clock.now());
      closeRenewal(transaction, name, open, clock.now(), { outcome: 'superseded', data });
    }
    insertRenewal(transaction, name, renewal);
  });
  if (open !== null) await abandonOrder(context, open);
  try {
    return await finish(context, certificate, renewal);
  } catch (error) {
    context.signal.throwIfAborted();
    return recordFailure(context, certificate, error);
  }
}

function startOf({ clock, random }: RunContext, { id }: ManagedCertificate, previous: Issued): Renewal {
  const [leaf] = parsePemCertificates(previous.chain);
  return {
    id: Buffer.from(random.bytes(8)).toString('hex'),
    certificateId: id,
    kind: 'rollback',
    step: 'issued',
    issuer: previous.issuer,
    identifiers: leaf === undefined ? [] : parseCertificate(leaf).identifiers,
    algorithm: previous.algorithm,
    keyHandle: previous.keyHandle,
    accountUrl: null,
    orderUrl: null,
    issuedId: previous.id,
    deployments: null,
    plans: null,
    rollbacks: 0,
    startedAt: clock.now(),
    authorizedAt: null,
  };
}
