import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { SeenHandshake } from '../../src/selftest/result-file.ts';
import { sha1 } from './certificates.ts';
import { millisecondsSince } from './recording-host.ts';

export interface HandshakeRequest {
  readonly address: string;
  readonly port: number;
  /** '' for none. */
  readonly sni: string;
  readonly record?: string;
  readonly options?: ConnectionOptions;
}

const TIMEOUT_MS = 45_000;
const MAX_CHAIN = 20;

/** One handshake, which never throws. The socket is open when `keep` is given, and then it is the caller's. */
export function shakeHands(
  { address, port, sni, record, options = {} }: HandshakeRequest,
  keep?: (socket: TLSSocket) => void,
): Promise<SeenHandshake> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = connect({
      host: address,
      port,
      servername: sni,
      // The certificate is looked at, not trusted.
      rejectUnauthorized: false,
      ca: [],
      ciphers: 'DEFAULT:@SECLEVEL=0',
      ...options,
    });
    const end = (error: string | null): void => {
      clearTimeout(timer);
      const chain = error === null ? chainOf(socket) : [];
      resolve({
        address,
        port,
        sni,
        record: record ?? null,
        tls: error === null ? socket.getProtocol() : null,
        cipher: error === null ? socket.getCipher().name : null,
        leaf: chain[0] ?? null,
        chain,
        ms: millisecondsSince(began),
        error,
      });
      if (error === null && keep !== undefined) keep(socket);
      else socket.destroy();
    };
    const timer = setTimeout(() => end('timeout'), TIMEOUT_MS);
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
    socket.once('close', () => end('closed'));
    socket.once('secureConnect', () => end(null));
  });
}

function chainOf(socket: TLSSocket): readonly string[] {
  const chain: string[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(sha1(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
