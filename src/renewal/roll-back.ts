import { EverbindError } from '../errors/error.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { parsePemCertificates } from '../pki/pem.ts';
import type { EngineContext } from './context.ts';
import { asKnown } from './failure.ts';
import { putToUse } from './put-to-use.ts';
import { insertRenewal, rescheduler } from './renew-one.ts';
import { certificateByName, issuedWith, openRenewal } from './rows.ts';
import type { Outcome, Renewal } from './types.ts';

/**
 * Binds the newest earlier certificate that is still valid, with the same care as a new one. Throws RENEWAL_UNKNOWN_CERTIFICATE,
 * RENEWAL_NO_PREVIOUS, RENEWAL_UNDER_WAY.
 */
export async function rollBack(context: EngineContext, name: string): Promise<Outcome> {
  const { store, clock, random } = context;
  const certificate = store.read((db) => certificateByName(db, name));
  if (certificate === null) {
    throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
  }
  if (store.read((db) => openRenewal(db, certificate.id)) !== null) {
    throw new EverbindError('RENEWAL_UNDER_WAY', `a renewal of ${name} is not finished`, { name });
  }
  const previous = store
    .read((db) => issuedWith(db, certificate.id, 'previous'))
    .find(({ notAfter }) => notAfter > clock.now());
  if (previous === undefined) {
    throw new EverbindError('RENEWAL_NO_PREVIOUS', `there is no earlier certificate of ${name} that is still valid`, {
      name,
    });
  }
  const [leaf] = parsePemCertificates(previous.chain);
  const renewal: Renewal = {
    id: Buffer.from(random.bytes(8)).toString('hex'),
    certificateId: certificate.id,
    kind: 'rollback',
    step: 'issued',
    issuer: previous.issuer,
    identifiers: leaf === undefined ? [] : parseCertificate(leaf).identifiers,
    keyHandle: previous.keyHandle,
    accountUrl: null,
    orderUrl: null,
    issuedId: previous.id,
    plans: null,
    rollbacks: 0,
    startedAt: clock.now(),
  };
  await insertRenewal(store, name, renewal);
  try {
    return await putToUse(context, certificate, renewal, rescheduler(context, certificate));
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = asKnown(error);
    const { code, message, action } = failure;
    return { kind: 'failed', name, code, message, action, nextAttempt: certificate.nextDue };
  }
}
