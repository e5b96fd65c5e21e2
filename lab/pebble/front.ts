import type { IncomingHttpHeaders } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { createLabCa } from '../test-ca.ts';
import { createGate, needsGate } from './gate.ts';
import type { Pebble } from './server.ts';

/** Where a CA is, and what to trust to talk to it (PEM). */
export type CaPlace = Pick<Pebble, 'directoryUrl' | 'listenerCaPem'>;

export interface PebbleFront extends CaPlace {
  stop(): Promise<void>;
}

interface CaResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Stands before Pebble and keeps the gate for clients that cannot keep it themselves, such as programs of others. It
 * speaks HTTPS on loopback; Pebble makes its URLs from the Host header, so that they lead back here, or to whatever
 * stands before this. `onRequest` hears of every request.
 */
export async function startPebbleFront(
  pebble: CaPlace,
  onRequest: (method: string, path: string) => void = () => {},
): Promise<PebbleFront> {
  const ca = await createLabCa('Everbind lab: front of Pebble');
  const day = 24 * 3600 * 1000;
  const { certificatePem, privateKeyPem } = await ca.issue({
    names: ['127.0.0.1'],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  });
  const { origin, pathname } = new URL(pebble.directoryUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: pebble.listenerCaPem });
  const pass = createGate();

  const ask = (method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<CaResponse> =>
    new Promise((resolve, reject) => {
      const call = request(`${origin}${path}`, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      call.on('error', reject);
      call.end(body);
    });

  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const path = incoming.url ?? '/';
      onRequest(incoming.method ?? 'GET', path);
      const work = (): Promise<CaResponse> =>
        ask(incoming.method ?? 'GET', path, withoutConnection(incoming.headers), Buffer.concat(chunks));
      (needsGate(path) ? pass(work) : work()).then(
        ({ status, headers, body }) => outgoing.writeHead(status, withoutConnection(headers)).end(body),
        () => outgoing.destroy(),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    directoryUrl: `https://127.0.0.1:${address.port}${pathname}`,
    listenerCaPem: ca.certificatePem,
    stop: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Without what concerns one connection only (RFC 9110 section 7.6.1). */
function withoutConnection(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== 'connection' && name !== 'transfer-encoding'),
  );
}
