import { gated } from '../../lab/pebble/gate.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../../lab/pebble/server.ts';
import { type AcmeClient, createAcmeClient } from '../../src/acme/client.ts';
import type { NewOrder, NewOrderResult } from '../../src/acme/session/order-requests.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createTransport, type NetTransport } from '../../src/net/transport.ts';
import { buildCsr } from '../../src/pki/x509/csr.ts';
import { parseIdentifier } from '../../src/pki/x509/names.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { newSigner } from './jose/signers.ts';
import { answerTo } from './support.ts';

/** A real Pebble that believes every challenge, and what is needed to talk to it. */
export interface PebbleLab {
  readonly pebble: Pebble;
  readonly transport: NetTransport;
  /** Addresses of all requests so far, in order. */
  readonly asked: readonly string[];
  client(signer?: Signer, accountUrl?: string): AcmeClient;
  stop(): Promise<void>;
}

export async function startLab(options: PebbleOptions = {}): Promise<PebbleLab> {
  const pebble = await startPebble({ alwaysValid: true, ...options });
  const transport = createTransport({ roots: [pebble.listenerCaPem], proxy: null });
  const asked: string[] = [];
  const noted: Transport = (request, signal) => {
    asked.push(request.url);
    return transport(request, signal);
  };
  return {
    pebble,
    transport,
    asked,
    client: (signer = newSigner(), accountUrl) =>
      createAcmeClient({
        directoryUrl: pebble.directoryUrl,
        transport: gated(noted),
        clock: systemClock,
        random: systemRandom,
        userAgent: 'everbind-test',
        signer,
        accountUrl,
      }),
    stop: async () => {
      transport.close();
      await pebble.stop();
    },
  };
}

export interface Issued {
  readonly order: NewOrderResult;
  readonly certificateUrl: string;
  readonly key: Signer;
  readonly chain: readonly Uint8Array[];
}

/** All steps of an issuance, authorizations side by side. */
export async function issue(
  client: AcmeClient,
  names: readonly string[],
  extra: Partial<NewOrder> = {},
): Promise<Issued> {
  const identifiers = names.map(parseIdentifier);
  const key = newSigner();
  const order = await client.newOrder({ identifiers, ...extra });
  await Promise.all(order.order.authorizations.map((url) => authorize(client, url)));
  await client.waitForOrder(order.url, { until: 'ready', identifiers });
  const finalized = await client.finalize(order.order.finalize, await buildCsr({ identifiers, signer: key }));
  const { order: done } = await client.waitForOrder(order.url, { identifiers, retryAfterMs: finalized.retryAfterMs });
  if (done.certificate === null) throw new Error('no certificate in a valid order');
  const { chain } = await client.downloadCertificate(done.certificate);
  return { order, certificateUrl: done.certificate, key, chain };
}

/** Responds to one challenge of an authorization unless it is valid already. */
export async function authorize(client: AcmeClient, url: string): Promise<void> {
  const { authorization } = await client.getAuthorization(url);
  if (authorization.status === 'valid') return;
  const answer = answerTo(authorization, authorization.wildcard ? 'dns-01' : 'http-01');
  const { retryAfterMs } = await client.respondToChallenge(answer.url);
  await client.waitForAuthorization(url, { retryAfterMs });
}
