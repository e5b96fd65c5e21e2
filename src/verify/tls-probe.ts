import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { EverbindError } from '../errors/error.ts';
import { ipVersion } from '../pki/x509/ip-address.ts';
import { canonicalHost } from '../pki/x509/names.ts';
import type { Probe, ProbeTarget, ServedCertificate } from './probe.ts';

// Schannel sends at most a handful; a hostile peer may send a long chain within its message limit.
const MAX_CHAIN = 20;

/** Makes the handshake with node:tls. Sends nothing else. */
export const tlsProbe: Probe = (target, signal) => shakeHands(target, signal, null);

/** The same over a connection that is there already; `target.timeoutMs` is for the handshake alone. */
export function shakeHands(
  target: ProbeTarget,
  signal: AbortSignal | undefined,
  over: Socket | null,
): Promise<ServedCertificate> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    let connected = over !== null;
    const socket = connect({
      ...(over === null ? { host: target.address, port: target.port } : { socket: over }),
      servername: serverName(target.host),
      minVersion: target.version ?? 'TLSv1.2',
      maxVersion: target.version ?? 'TLSv1.3',
      // The one connection whose certificate is not checked: it exists to see what visitors get, whether that is
      // expired, self-signed or a stranger's. Nothing is sent over it and nothing received is trusted; judge-served.ts
      // judges the chain.
      rejectUnauthorized: false,
      // No roots: none are needed, and none may complete the chain that was sent.
      ca: [],
      // Weak keys and parameters are reported; they must not end the handshake.
      ciphers: 'DEFAULT:@SECLEVEL=0',
      ...(target.classicGroups === true ? { ecdhCurve: 'X25519:P-256:P-384' } : {}),
    });
    const settle = (close: () => void, work: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      close();
      work();
    };
    const cut = (): void => void socket.destroy();
    // Data still to be sent goes first: a server that misses the end of the handshake logs an error for each probe.
    const hangUp = (): void => socket.destroySoon();
    const fail = (
      code: 'VERIFY_CONNECT_FAILED' | 'VERIFY_HANDSHAKE_FAILED' | 'VERIFY_TIMEOUT',
      cause?: unknown,
    ): void => settle(cut, () => reject(probeError(code, target, cause)));
    const abort = (): void => settle(cut, () => reject(signal?.reason as Error));
    const timer = setTimeout(() => fail('VERIFY_TIMEOUT'), target.timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      connected = true;
    });
    socket.on('error', (error) => fail(connected ? 'VERIFY_HANDSHAKE_FAILED' : 'VERIFY_CONNECT_FAILED', error));
    socket.once('close', () => fail(connected ? 'VERIFY_HANDSHAKE_FAILED' : 'VERIFY_CONNECT_FAILED'));
    socket.once('secureConnect', () => {
      const served = servedBy(socket);
      if (served === null) fail('VERIFY_HANDSHAKE_FAILED');
      else settle(hangUp, () => resolve(served));
    });
  });
}

function serverName(host: string): string {
  const canonical = canonicalHost(host);
  return ipVersion(canonical) === 0 ? canonical : '';
}

function servedBy(socket: TLSSocket): ServedCertificate | null {
  const chain: Uint8Array[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  const { standardName: cipher } = socket.getCipher();
  return chain.length === 0 ? null : { chain, protocol: socket.getProtocol() ?? '', cipher };
}

const problems = {
  VERIFY_CONNECT_FAILED: 'no connection',
  VERIFY_HANDSHAKE_FAILED: 'the connection ended before the TLS handshake did',
  VERIFY_TIMEOUT: 'no TLS handshake in time',
} as const;

/** An error of the Probe. `problem` and `reason` say more than the code and the cause do. */
export function probeError(
  code: keyof typeof problems,
  target: ProbeTarget,
  cause: unknown,
  more: { readonly problem?: string; readonly reason?: string } = {},
): EverbindError {
  const { address, port, host } = target;
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const reason = more.reason ?? (cause as NodeJS.ErrnoException | undefined)?.code ?? null;
  const asked = host === '' ? '' : ` for ${host}`;
  return new EverbindError(
    code,
    `${place}${asked}: ${more.problem ?? problems[code]}${reason === null ? '' : ` (${reason})`}`,
    { address, port, host, reason },
    { cause },
  );
}
