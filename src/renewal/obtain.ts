import { certificateId } from '../acme/ari.ts';
import type { OrderResource } from '../acme/order.ts';
import { EverbindError } from '../errors/error.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { checkIssued, type IssuedCertificate } from '../pki/check-issued.ts';
import { buildCsr } from '../pki/csr.ts';
import { parsePemCertificates, toPem } from '../pki/pem.ts';
import type { Signer } from '../ports/signer.ts';
import { statement } from '../store/statements.ts';
import { authorize } from './authorize.ts';
import type { EngineContext } from './context.ts';
import { findLostOrder } from './find-order.ts';
import { type IssuerSession, keyName } from './issuer-session.ts';
import { issuedWith } from './rows.ts';
import type { ManagedCertificate, Renewal } from './types.ts';

/**
 * From the start of a renewal, or from wherever an earlier run got, to a checked certificate in the database: key, order, authorizations,
 * finalization, check. Every step is durable before the next one begins.
 */
export async function obtain(
  context: EngineContext,
  certificate: ManagedCertificate,
  begun: Renewal,
): Promise<Renewal> {
  const { journal, keys, sessions } = context;
  const { name, config } = certificate;
  let renewal = begun;
  const session = await sessions.open(renewal.issuer);
  if (renewal.step === 'started') {
    await keys.generate(keyName(renewal.keyHandle), config.key.algorithm);
    renewal = await journal.step(renewal, name, {
      changes: { step: 'key' },
      type: 'key.generated',
      data: { key: renewal.keyHandle, algorithm: config.key.algorithm },
    });
  }
  const signer = await keys.open(renewal.keyHandle);
  let order: OrderResource;
  [renewal, order] = await orderFor(context, session, certificate, renewal);
  if (order.order.status === 'pending') {
    await authorize(context, session.client, config, renewal, order);
    renewal = await journal.step(renewal, name, { changes: { step: 'authorized' }, type: 'order.ready', data: {} });
    order = { ...order, order: { ...order.order, status: 'ready' } };
  }
  const valid = await finalize(context, session, renewal, signer, order);
  const url = valid.order.certificate;
  if (url === null) throw new EverbindError('ACME_ANSWER_INVALID', 'The CA names no certificate in a valid order');
  const { chain } = await session.client.downloadCertificate(url, {
    ...(session.config.preferredIssuer === null ? {} : { preferredIssuer: session.config.preferredIssuer }),
    signal: context.signal,
  });
  const issued = checkIssued({
    chain,
    publicKey: signer.publicKey,
    identifiers: renewal.identifiers,
    now: context.clock.now(),
    roots: session.roots,
  });
  return saveIssued(context, session, certificate, renewal, issued);
}

async function orderFor(
  context: EngineContext,
  session: IssuerSession,
  certificate: ManagedCertificate,
  begun: Renewal,
): Promise<[Renewal, OrderResource]> {
  const { journal, signal } = context;
  const { client, config, accountUrl } = session;
  const { name } = certificate;
  const { identifiers } = begun;
  let renewal = begun;
  if (renewal.orderUrl !== null) return [renewal, await resumeOrder(session, renewal, signal)];
  let order = renewal.step === 'order-requested' ? await findLostOrder(context, client, identifiers) : null;
  const found = order !== null;
  if (order === null) {
    const replaces = replacedId(context, certificate, renewal.issuer, accountUrl);
    renewal = await journal.step(renewal, name, {
      changes: { step: 'order-requested' },
      type: 'order.requested',
      data: { issuer: config.name, names: identifiers.map(({ value }) => value), replaces, profile: config.profile },
    });
    order = await client.newOrder(
      {
        identifiers,
        ...(config.profile === null ? {} : { profile: config.profile }),
        ...(replaces === null ? {} : { replaces }),
      },
      signal,
    );
  }
  renewal = await journal.step(renewal, name, {
    changes: { step: 'ordered', orderUrl: order.url, accountUrl },
    type: found ? 'order.found' : 'order.created',
    data: { order: order.url, account: accountUrl },
  });
  return [renewal, order];
}

async function resumeOrder(session: IssuerSession, renewal: Renewal, signal: AbortSignal): Promise<OrderResource> {
  const url = renewal.orderUrl ?? '';
  // Another account (a new directory, a lost key) cannot see the order.
  if (renewal.accountUrl !== session.accountUrl) throw lost(url);
  const order = await session.client
    .getOrder(url, { identifiers: renewal.identifiers, signal })
    .catch((error: unknown) => {
      if (error instanceof EverbindError && error.details['status'] === 404) throw lost(url);
      throw error;
    });
  if (order.order.status === 'invalid') throw lost(url);
  return order;
}

function lost(order: string): EverbindError {
  return new EverbindError('RENEWAL_ORDER_LOST', 'the order of the interrupted renewal cannot be finished', { order });
}

/** ARI id of the certificate that is replaced, only for the CA and account that issued it (RFC 9773 section 5). */
function replacedId(
  { store }: EngineContext,
  certificate: ManagedCertificate,
  issuer: string,
  accountUrl: string,
): string | null {
  const [active] = store.read((db) => issuedWith(db, certificate.id, 'active'));
  if (active === undefined || active.issuer !== issuer || active.accountUrl !== accountUrl) return null;
  const [leaf] = parsePemCertificates(active.chain);
  const parsed = leaf === undefined ? null : parseCertificate(leaf);
  return parsed?.authorityKeyIdentifier ? certificateId(parsed) : null;
}

async function finalize(
  { signal }: EngineContext,
  { client }: IssuerSession,
  { identifiers }: Renewal,
  signer: Signer,
  begun: OrderResource,
): Promise<OrderResource> {
  const { url } = begun;
  let order = begun;
  if (order.order.status === 'ready') {
    const csr = await buildCsr({ identifiers, signer });
    order = { url, ...(await client.finalize(order.order.finalize, csr, signal)) };
  }
  if (order.order.status === 'valid') return order;
  return client.waitForOrder(url, { until: 'valid', identifiers, signal, retryAfterMs: order.retryAfterMs });
}

async function saveIssued(
  { journal, clock }: EngineContext,
  session: IssuerSession,
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
    ({ db }) => {
      const { lastInsertRowid } = statement(
        db,
        `INSERT INTO issued (certificate_id, thumbprint, status, chain, key_handle, issuer, account_url, not_before, not_after, issued_at)
         VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        certificate.id,
        issued.thumbprint,
        chain,
        renewal.keyHandle,
        renewal.issuer,
        session.accountUrl,
        issued.notBefore,
        issued.notAfter,
        clock.now(),
      );
      issuedId = Number(lastInsertRowid);
      statement(db, 'UPDATE renewal SET issued_id = ? WHERE id = ?').run(issuedId, renewal.id);
    },
  );
  return { ...saved, issuedId };
}
