import type { AcmeClient } from '../../../acme/client.ts';
import type { OrderResource } from '../../../acme/messages/order.ts';
import { isProblem } from '../../../acme/messages/problem.ts';
import { failedForNow } from '../../../acme/session/host-backoff.ts';
import { EverbindError } from '../../../errors/error.ts';
import { buildCsr } from '../../../pki/x509/csr.ts';
import type { IssuanceJournal, IssuanceRequest, IssuedChain, Issuer, Issuers } from '../../../ports/issuer.ts';
import type { Signer } from '../../../ports/signer.ts';
import { certificateById, type ManagedCertificate } from '../../state/certificate-table.ts';
import { configOf, createAcmeRun } from './account/issuer-session.ts';
import { rollOverDue } from './account/rollover.ts';
import type { AcmePorts, AcmeRun, IssuerSession } from './acme-ports.ts';
import { authorize } from './authorization/authorize.ts';
import { cleanUpLeftovers } from './authorization/present-all.ts';
import { abandonOrder } from './order/abandon-order.ts';
import { FIRST_PAUSE_MS, MOST_REPEATS, openOrder, type Ordered } from './order/open-order.ts';
import { preflight } from './order/preflight.ts';
import { runAtStaging } from './order/staging-run.ts';

/** The ACME issuers of the configuration. */
export function createAcmeIssuers(ports: AcmePorts, signal: AbortSignal): Issuers {
  const run = createAcmeRun(ports, signal);
  return {
    open: (name, attempt = signal) => {
      configOf(run, name);
      return createAcmeIssuer({ ...run, signal: attempt }, name);
    },
    tidyUp: async (tidying) => {
      await cleanUpLeftovers(run).catch(() => {});
      await rollOverDue({ ...run, signal: tidying });
    },
  };
}

function createAcmeIssuer(run: AcmeRun, name: string): Issuer {
  const { sessions, signal, store } = run;
  const certificateOf = ({ certificateId }: IssuanceRequest): ManagedCertificate => {
    const certificate = store.read((db) => certificateById(db, certificateId));
    if (certificate !== null) return certificate;
    throw new EverbindError('STORE_CORRUPT', `the certificate ${certificateId} of a renewal is not there`);
  };
  return {
    prepare: (request) =>
      sessions.use(
        name,
        async (session) => {
          session.client.prepare();
          // The real CA was asked already.
          if (request.state.step !== 'started' && request.state.step !== 'key') return;
          const certificate = certificateOf(request);
          await preflight(run, session, certificate, request);
          await runAtStaging(run, session, certificate, request);
        },
        signal,
      ),
    issue: (request, signer, journal) =>
      sessions.use(name, (session) => issue(run, session, certificateOf(request), request, signer, journal), signal),
    abandon: (request) => abandonOrder(run, name, request),
    revoke: ({ der, reason, signer }) =>
      sessions.use(
        name,
        async ({ client }) => {
          try {
            const how = { ...(reason === null ? {} : { reason }), ...(signer === null ? {} : { signer }) };
            await client.revokeCertificate({ der, ...how }, signal);
            return { already: false };
          } catch (error) {
            if (!isProblem(error, 'alreadyRevoked')) throw error;
            return { already: true };
          }
        },
        signal,
      ),
    renewalInformation: async (ariId) => {
      const { client } = await sessions.open(name, signal);
      const { renewalInfo } = await client.directory(signal);
      if (renewalInfo === null) return null;
      return client.renewalInfo(ariId, signal).catch((error: unknown) => {
        // Listed in the directory, and not there.
        if (error instanceof EverbindError && error.code === 'ACME_NOT_OFFERED') return null;
        throw error;
      });
    },
  };
}

async function issue(
  run: AcmeRun,
  session: IssuerSession,
  certificate: ManagedCertificate,
  begun: IssuanceRequest,
  signer: Signer,
  journal: IssuanceJournal,
): Promise<IssuedChain> {
  const { clock, signal } = run;
  const { client, accountUrl, roots } = session;
  let [request, order] = await openOrder(run, session, begun, journal);
  const ordered = request;
  const { orderUrl } = ordered.state;
  const noteReady = (): Promise<Ordered> =>
    journal.note(
      request,
      { step: 'authorized', orderUrl, accountUrl, authorizedAt: clock.now() },
      { type: 'order.ready', data: { order: orderUrl } },
    );
  if (order.order.status === 'pending') {
    [order, request] = await authorize(run, client, certificate, request, order, {
      noteReady,
      noteFailing: async (data) => {
        await journal.note(ordered, ordered.state, { type: 'challenge.failing', data });
      },
    });
  } else if (request.state.step === 'ordered') {
    // Nothing was left to validate. The journal says so before the CA is asked for the certificate.
    request = await noteReady();
  }
  const valid = await finalize(run, session, request, signer, order);
  const url = valid.order.certificate;
  if (url === null) throw new EverbindError('ACME_RESPONSE_INVALID', 'The CA names no certificate in a valid order');
  const { preferredIssuer } = session.config;
  const { chain, alternates } = await client.downloadCertificate(url, {
    ...(preferredIssuer === null ? {} : { preferredIssuer }),
    signal,
  });
  // The default chain as well, where another one is preferred.
  const others = preferredIssuer === null ? alternates : [url, ...alternates];
  return {
    chain,
    others: () => downloadEach(run, client, others),
    accountUrl,
    roots,
    clockLead: client.clockLead(),
  };
}

/** The chains at these addresses, those that can be had. */
async function* downloadEach(
  { signal }: AcmeRun,
  client: AcmeClient,
  urls: readonly string[],
): AsyncGenerator<readonly Uint8Array[]> {
  for (const url of urls) {
    const found = await client.downloadCertificate(url, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof EverbindError) return null;
      throw error;
    });
    if (found !== null) yield found.chain;
  }
}

/** An interrupted run may have asked already: the order then is no longer `ready` and is only waited for. */
async function finalize(
  { clock, random, signal }: AcmeRun,
  { client }: IssuerSession,
  { identifiers }: IssuanceRequest,
  signer: Signer,
  begun: OrderResource,
): Promise<OrderResource> {
  const { url } = begun;
  let order = begun;
  for (let sent = 1; order.order.status === 'ready'; sent += 1) {
    const csr = await buildCsr({ identifiers, signer });
    try {
      order = { url, ...(await client.finalize(order.order.finalize, csr, signal)) };
      break;
    } catch (error) {
      // The request came to the CA twice, on its way or from a run that was killed: the first one was taken (RFC 8555
      // section 7.4).
      if (isProblem(error, 'orderNotReady')) break;
      if (!failedForNow(error) || sent > MOST_REPEATS) throw error;
      // While the order is still ready, nothing came of it.
      await clock.sleep(FIRST_PAUSE_MS * 2 ** sent * (0.5 + random.uniform()), signal);
      order = await client.getOrder(url, { identifiers, signal });
    }
  }
  if (order.order.status === 'valid') return order;
  return client.waitForOrder(url, { until: 'valid', identifiers, signal, retryAfterMs: order.retryAfterMs });
}
