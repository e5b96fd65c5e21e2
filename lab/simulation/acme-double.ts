import * as pkijs from 'pkijs';
import { EverbindError } from '../../src/errors/error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/ports/transport.ts';
import type { LabCa } from '../test-ca.ts';

/**
 * How a CA answers: `good` at once; `black-hole` never; `octet-a-second` at that speed; `endless` just within each time
 * limit, with a list of orders that never ends, and it loses the response to each new order.
 */
export type Manner = 'good' | 'black-hole' | 'octet-a-second' | 'endless';

export interface DoubleParts {
  /** Its host. */
  readonly host: string;
  readonly ca: LabCa;
  readonly clock: Clock;
  readonly manner: Manner;
  readonly lifetimeMs: number;
}

const SECOND = 1000;

/**
 * The connection to an ACME CA that believes everything: no signature is looked at, and no name validated. Its
 * certificates are real.
 */
export function acmeDouble({ host, ca, clock, manner, lifetimeMs }: DoubleParts): Transport {
  const at = `https://${host}`;
  const orders = new Map<string, { readonly names: readonly string[]; chain: string | null }>();
  let nonces = 0;

  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    const path = new URL(request.url).pathname;
    const [, what = '', id = ''] = path.split('/');
    nonces += 1;
    const respond = (status: number, body: unknown, headers: Record<string, readonly string[]> = {}): HttpResponse => ({
      status,
      headers: { 'content-type': ['application/json'], 'replay-nonce': [`nonce${nonces}`], ...headers },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    const order = orders.get(id);
    const state = (): object => ({
      status: order === undefined || order.chain === null ? 'ready' : 'valid',
      identifiers: order?.names.map((value) => ({ type: 'dns', value })),
      authorizations: [`${at}/authorization/${id}`],
      finalize: `${at}/finalize/${id}`,
      ...(order === undefined || order.chain === null ? {} : { certificate: `${at}/certificate/${id}` }),
    });
    if (what === 'directory') {
      const urls = { newNonce: 'nonce', newAccount: 'account', newOrder: 'order', keyChange: 'key-change' };
      const entries = Object.entries(urls).map(([name, end]) => [name, `${at}/${end}`]);
      return respond(200, { ...Object.fromEntries(entries), revokeCert: `${at}/revoke`, renewalInfo: `${at}/ari` });
    }
    if (what === 'nonce') return respond(200, '');
    if (what === 'account') {
      const account = { status: 'valid', orders: `${at}/orders/0` };
      return respond(id === '' ? 201 : 200, account, { location: [`${at}/account/1`] });
    }
    if (what === 'orders') {
      return respond(200, { orders: [] }, { link: [`<${at}/orders/${Number(id) + 1}>;rel="next"`] });
    }
    if (what === 'ari') {
      const now = clock.now();
      const suggestedWindow = {
        start: new Date(now + lifetimeMs).toISOString(),
        end: new Date(now + 2 * lifetimeMs).toISOString(),
      };
      return respond(200, { suggestedWindow }, { 'retry-after': ['3600'] });
    }
    if (what === 'order' && id === '') {
      const { identifiers } = payloadOf(request) as { readonly identifiers: readonly { readonly value: string }[] };
      const made = String(orders.size + 1);
      const names = identifiers.map(({ value }) => value);
      orders.set(made, { names, chain: null });
      const body = {
        status: 'ready',
        identifiers,
        authorizations: [`${at}/authorization/${made}`],
        finalize: `${at}/finalize/${made}`,
      };
      return respond(201, body, { location: [`${at}/order/${made}`] });
    }
    if (what === 'finalize' && order !== undefined) {
      const { csr } = payloadOf(request) as { readonly csr: string };
      const spki = pkijs.CertificationRequest.fromBER(
        new Uint8Array(Buffer.from(csr, 'base64url')),
      ).subjectPublicKeyInfo;
      const validity = { notBefore: new Date(clock.now() - SECOND), notAfter: new Date(clock.now() + lifetimeMs) };
      const leaf = await ca.certify({ names: order.names, ...validity }, new Uint8Array(spki.toSchema().toBER()));
      order.chain = `-----BEGIN CERTIFICATE-----\n${Buffer.from(leaf).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
      return respond(200, state());
    }
    if (what === 'certificate' && order !== undefined && order.chain !== null) {
      return respond(200, order.chain, { 'content-type': ['application/pem-certificate-chain'] });
    }
    return respond(200, state());
  };

  return async (request, signal) => {
    signal?.throwIfAborted();
    const late = async (): Promise<never> => {
      await clock.sleep(request.timeoutMs, signal);
      throw new EverbindError('NET_TIMEOUT', `no complete response from ${host}`, { server: host });
    };
    if (manner === 'black-hole') return late();
    const response = await answer(request);
    const takes =
      manner === 'good' ? 50 : manner === 'octet-a-second' ? SECOND * response.body.length : request.timeoutMs - SECOND;
    if (
      takes >= request.timeoutMs ||
      (manner === 'endless' && response.status === 201 && request.url.endsWith('/order'))
    )
      return late();
    await clock.sleep(takes, signal);
    return response;
  };
}

function payloadOf({ body }: HttpRequest): unknown {
  const { payload } = JSON.parse(String(body)) as { readonly payload: string };
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}
