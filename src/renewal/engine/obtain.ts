import { errorCode, EverbindError } from '../../errors/error.ts';
import type { IssuedCertificate, IssuedCheck } from '../../pki/check-issued.ts';
import type { IssuanceJournal, IssuedChain } from '../../ports/issuer.ts';
import { ariIdOf } from '../../pki/x509/ari-id.ts';
import { toPem } from '../../pki/asn1/pem.ts';
import { noteValidated } from '../ratelimits/limiter.ts';
import type { ManagedCertificate } from '../state/certificate-table.ts';
import { insertIssued } from '../state/issued-table.ts';
import { noteIssuerWorks } from '../state/issuer-health.ts';
import {
  journalStep,
  type NotDeployed,
  type Obtaining,
  requestOf,
  withRenewal,
  writeStep,
} from '../state/renewal-table.ts';
import { forgetStagingRun } from '../state/staging-run-table.ts';
import type { RunContext } from './engine-ports.ts';

/**
 * From the start of a renewal, or from wherever an earlier run got, to a checked certificate in the database: key,
 * issuance, check. Every step is durable before the next one begins.
 */
export async function obtain(
  context: RunContext,
  { name }: ManagedCertificate,
  begun: Obtaining,
): Promise<NotDeployed> {
  const { store, keys, clock, issuers, signal } = context;
  const issuer = issuers.open(begun.issuer, signal);
  const request = requestOf(name, begun);
  await issuer.prepare(request);
  if (begun.step === 'started') await keys.generate(begun.keyHandle, begun.algorithm);
  const signer = await keys.open(begun.keyHandle);
  let renewal = begun;
  const journal: IssuanceJournal = {
    note: async (current, state, event) => {
      const { step, keyHandle: key, algorithm, id } = renewal;
      const next: Obtaining = { ...bare(renewal), ...state };
      renewal = await journalStep(store, name, renewal, next, event, ({ audit }) => {
        // With the first thing that is noted after it: a key alone is worth no commit.
        if (step === 'started')
          audit({ type: 'key.generated', subject: name, data: withRenewal(id, { key, algorithm }) });
      });
      context.onProgress?.({ name, step: event.type });
      return { ...current, state };
    },
  };
  const delivered = await issuer.issue(request, signer, journal);
  const accepted = await accept(context, delivered, {
    publicKey: signer.publicKey,
    identifiers: begun.identifiers,
    now: clock.now(),
    clockLead: delivered.clockLead ?? null,
    roots: delivered.roots,
  });
  return save(context, name, renewal, delivered.accountUrl, accepted);
}

interface Accepted {
  readonly issued: IssuedCertificate;
  /** Whether it is not the chain that the issuer sent first. */
  readonly alternate: boolean;
}

/** The certificate with the first of its chains that leads to a trusted root. */
async function accept(
  { checkIssued, signal }: RunContext,
  { chain, others }: IssuedChain,
  check: Omit<IssuedCheck, 'chain'>,
): Promise<Accepted> {
  try {
    return { issued: await checkIssued({ ...check, chain }), alternate: false };
  } catch (error) {
    if (errorCode(error) !== 'PKI_CHAIN_INVALID' || others === undefined) throw error;
    for await (const other of others()) {
      signal.throwIfAborted();
      try {
        return { issued: await checkIssued({ ...check, chain: other }), alternate: true };
      } catch (alike) {
        if (!(alike instanceof EverbindError)) throw alike;
      }
    }
    throw error;
  }
}

/** A renewal without what its step adds. */
function bare({ id, certificateId, issuer, identifiers, algorithm, keyHandle, rollbacks, startedAt }: Obtaining) {
  return {
    id,
    certificateId,
    kind: 'renewal' as const,
    issuer,
    identifiers,
    algorithm,
    keyHandle,
    rollbacks,
    startedAt,
  };
}

/**
 * Journals a checked certificate, before it is installed anywhere. Whatever stood against its issuer and its names is
 * over with it.
 */
async function save(
  { store, clock, onProgress }: RunContext,
  name: string,
  renewal: Obtaining,
  accountUrl: string,
  { issued, alternate }: Accepted,
): Promise<NotDeployed> {
  const { certificateId, algorithm, keyHandle, issuer } = renewal;
  const { thumbprint, notBefore, notAfter, leaf, root } = issued;
  const type = 'certificate.issued';
  const saved = await store.commit((transaction) => {
    const { db, audit } = transaction;
    const issuedId = insertIssued(db, {
      certificateId,
      thumbprint,
      chain: issued.chain.map(({ der }) => toPem('CERTIFICATE', der)).join(''),
      algorithm,
      keyHandle,
      issuer,
      accountUrl,
      notBefore,
      notAfter,
      issuedAt: clock.now(),
      ariId: ariIdOf(leaf),
    });
    const next: NotDeployed = { ...bare(renewal), step: 'issued', issuedId };
    writeStep(transaction, renewal, next);
    forgetStagingRun(db, certificateId);
    noteIssuerWorks(transaction, certificateId, issuer);
    noteValidated(transaction, renewal);
    const data = {
      thumbprint,
      fingerprint: leaf.fingerprint,
      serial: leaf.serialHex,
      notBefore: new Date(notBefore).toISOString(),
      notAfter: new Date(notAfter).toISOString(),
      root: root.subjectText,
      ...(alternate ? { alternate } : {}),
    };
    audit({ type, subject: name, data: withRenewal(renewal.id, data) });
    return next;
  });
  onProgress?.({ name, step: type });
  return saved;
}
