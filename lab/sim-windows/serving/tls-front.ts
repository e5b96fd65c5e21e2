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

/** How SChannel is set up on this machine. */
export interface TlsBehaviour {
  readonly noTls12?: boolean;
  /** As on Windows before 2022. Without 1.2 as well, only versions are left that nobody should offer. */
  readonly noTls13?: boolean;
  /** TLS 1.3 is on and its cipher suites are off: whoever offers 1.3 is refused (diyan/pywinrm #363). */
  readonly tls13WithoutSuites?: boolean;
  /** How long the first handshake after a change of a record takes. */
  readonly firstHandshakeMs?: number;
  /** A client certificate is asked for; without one the handshake ends well, and IIS answers 403.7. */
  readonly clientCertificate?: boolean;
  /** A longer ClientHello is not understood, octets. */
  readonly longestHello?: number;
}

/** What a key signs in a handshake that does not do RSA-PSS: nothing in TLS 1.3 (RFC 8446 section 4.2.3). */
const PKCS1_ALONE = 'RSA+SHA256:RSA+SHA384:RSA+SHA512';

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
  behaviour: TlsBehaviour = {},
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
    const allowTls13 = identity?.allowTls13 === true && behaviour.noTls13 !== true;
    if (identity === null || hello.kind !== 'hello' || !understood(hello, allowTls13, behaviour)) {
      socket.resetAndDestroy();
      return;
    }
    if (behaviour.noTls12 === true && !allowTls13) {
      socket.end(PROTOCOL_VERSION_ALERT);
      return;
    }
    socket.unshift(octets);
    const secureContext = createSecureContext({
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
      cert: [identity.certificate, ...identity.above].map((certificate) => certificate.toString()).join(''),
      // OpenSSL would complete the chain from the roots of this process.
      ca: [],
      ...(identity.withoutPss === true ? { sigalgs: PKCS1_ALONE } : {}),
      minVersion: behaviour.noTls12 === true ? 'TLSv1.3' : 'TLSv1.2',
      maxVersion: allowTls13 ? 'TLSv1.3' : 'TLSv1.2',
    });
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      requestCert: behaviour.clientCertificate === true,
      // Asked for and not checked: whoever sends none gets a 403 below.
      rejectUnauthorized: false,
    });
    tls.on('error', () => tls.destroy());
    tls.once('secure', () => {
      const lacking = behaviour.clientCertificate === true && tls.getPeerX509Certificate() === undefined;
      if (lacking) tls.end(FORBIDDEN);
      else secured(tls);
    });
  };
  socket.on('data', onData);
}

// A record of type alert, fatal, protocol_version (RFC 5246 section 7.2).
const PROTOCOL_VERSION_ALERT = Buffer.from([21, 3, 1, 0, 2, 2, 70]);

const FORBIDDEN =
  'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\nServer: Microsoft-IIS/10.0\r\n\r\n';

function understood(
  { offersTls13, length }: Extract<Hello, { kind: 'hello' }>,
  allowTls13: boolean,
  { tls13WithoutSuites, longestHello }: TlsBehaviour,
): boolean {
  if (tls13WithoutSuites === true && allowTls13 && offersTls13) return false;
  return length <= (longestHello ?? Infinity);
}
