import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AcmeClient, createAcmeClient } from '../../src/acme/client.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createTransport } from '../../src/net/transport.ts';
import { type ServerOptions, startServer, testAuthority, type TestServer } from '../net/https-server.ts';
import { newSigner } from './jose/signers.ts';

/** What the CA does at one path; anything else gets the response of an honest CA. */
export type Deed = (request: IncomingMessage, response: ServerResponse, ca: { readonly url: string }) => void;

export interface HostileCa {
  readonly url: string;
  readonly server: TestServer;
  readonly client: AcmeClient;
  stop(): Promise<void>;
}

const signer = newSigner();
const account = { status: 'valid' };

/**
 * A CA over real TLS that is honest but for its deeds, and a client with an account there. Time limits are a tenth of a
 * second a request.
 */
export async function startHostileCa(
  deeds: Readonly<Record<string, Deed>>,
  options: { readonly server?: ServerOptions; readonly trusted?: boolean; readonly timeoutMs?: number } = {},
): Promise<HostileCa> {
  let nonce = 0;
  const server = await startServer((request, response) => {
    request.resume();
    const ca = { url: server.url };
    const deed = deeds[request.url ?? ''];
    response.setHeader('replay-nonce', `nonce${(nonce += 1)}`);
    if (deed !== undefined) deed(request, response, ca);
    else honest(request, response, ca);
  }, options.server);
  const real = createTransport({
    roots: options.trusted === false ? [] : [(await testAuthority()).certificatePem],
    proxy: null,
  });
  const client = createAcmeClient({
    directoryUrl: `${server.url}/dir`,
    transport: (request, signal) => real({ ...request, timeoutMs: options.timeoutMs ?? 30_000 }, signal),
    clock: systemClock,
    random: systemRandom,
    userAgent: 'everbind-test',
    signer,
    accountUrl: `${server.url}/acct`,
  });
  return {
    url: server.url,
    server,
    client,
    stop: async () => {
      real.close();
      await server.stop();
    },
  };
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function directoryOf(url: string): Record<string, unknown> {
  return {
    newNonce: `${url}/nonce`,
    newAccount: `${url}/new-account`,
    newOrder: `${url}/new-order`,
    revokeCert: `${url}/revoke`,
    keyChange: `${url}/key-change`,
    renewalInfo: `${url}/ari`,
  };
}

export function orderOf(url: string, name = 'shop.test', status = 'pending'): Record<string, unknown> {
  return {
    status,
    identifiers: [{ type: 'dns', value: name }],
    authorizations: [`${url}/authz`],
    finalize: `${url}/finalize`,
    certificate: `${url}/cert`,
  };
}

function honest(request: IncomingMessage, response: ServerResponse, { url }: { readonly url: string }): void {
  switch (request.url ?? '') {
    case '/dir':
      return json(response, directoryOf(url));
    case '/nonce':
      return void response.writeHead(204).end();
    case '/acct':
      return json(response, account);
    case '/new-account':
      return json(response, account, 201, { location: `${url}/acct` });
    case '/new-order':
      return json(response, orderOf(url), 201, { location: `${url}/order` });
    case '/order':
      return json(response, orderOf(url, 'shop.test', 'valid'));
    default:
      return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not here');
  }
}
