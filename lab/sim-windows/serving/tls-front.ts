import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type Hello, readClientHello } from './client-hello.ts';
import type { ServableCertificate } from '../certificate-stores.ts';

/** The certificate and chain for a handshake. */
export interface ServedIdentity extends ServableCertificate {
  /** Certificates above the leaf, in order. */
  readonly above: readonly X509Certificate[];
  readonly allowTls13: boolean;
}

const HELLO_TIMEOUT_MS = 10_000;

/**
 * Accepts a connection to a TLS port. `identify` is called once the server name is known, so that a changed record
 * counts from the next handshake on. When it returns null, the connection is reset, as http.sys does without a record;
 * 'silence' leaves the client waiting.
 */
export function acceptTls(
  socket: Socket,
  identify: (serverName: string) => Promise<ServedIdentity | null | 'silence'>,
  secured: (socket: TLSSocket) => void,
): void {
  const parts: Buffer[] = [];
  socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
  const onData = (chunk: Buffer): void => {
    parts.push(chunk);
    const octets = Buffer.concat(parts);
    const hello = readClientHello(octets);
    if (hello.kind === 'incomplete') return;
    socket.off('data', onData);
    socket.pause();
    socket.setTimeout(0);
    proceed(hello, octets).catch(() => socket.resetAndDestroy());
  };
  const proceed = async (hello: Hello, octets: Buffer): Promise<void> => {
    const identity = hello.kind === 'hello' ? await identify(hello.serverName) : null;
    if (identity === 'silence' || socket.destroyed) return;
    if (identity === null) {
      socket.resetAndDestroy();
      return;
    }
    socket.unshift(octets);
    const secureContext = createSecureContext({
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
      cert: [identity.certificate, ...identity.above].map((certificate) => certificate.toString()).join(''),
      // OpenSSL would complete the chain from the roots of this process.
      ca: [],
      minVersion: 'TLSv1.2',
      maxVersion: identity.allowTls13 ? 'TLSv1.3' : 'TLSv1.2',
    });
    const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    tls.on('error', () => tls.destroy());
    tls.once('secure', () => secured(tls));
  };
  socket.on('data', onData);
}
