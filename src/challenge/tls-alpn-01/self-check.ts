import { connect } from 'node:tls';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChallengeTask } from '../../ports/solver.ts';
import { failureDetails } from '../challenge-failure.ts';
import { PATIENT_WAITS } from '../http-01/self-check.ts';
import { ACME_TLS, isChallengeCertificate, serverName } from './certificate.ts';
import { urlHost } from '../token.ts';

/** `details.reason` of CHALLENGE_SELF_CHECK_FAILED for tls-alpn-01: what was seen. */
export const TLS_ALPN_REASONS = {
  'connection-failed': 'no TLS connection',
  'connection-timeout': 'no TLS handshake in time',
  'no-acme-tls': 'a server that does not speak acme-tls/1 listens there',
  'wrong-certificate': 'the certificate is not the challenge response',
} as const;
type TlsAlpnReason = keyof typeof TLS_ALPN_REASONS;

export interface TlsAlpnPlace {
  /** null: the loopback addresses, one of which must respond. */
  readonly address: string | null;
  readonly port: number;
  readonly clock: Clock;
}

interface Seen {
  readonly reason: TlsAlpnReason | null;
  readonly endpoint: string;
  /** The system's code. */
  readonly info: string;
}

const TIMEOUT_MS = 5_000;

/** Makes the handshake that the CA will make (RFC 8737 section 3). Throws CHALLENGE_SELF_CHECK_FAILED. */
export async function checkTlsAlpn(
  task: ChallengeTask,
  { address, port, clock }: TlsAlpnPlace,
  signal?: AbortSignal,
): Promise<void> {
  const addresses = address === null ? ['127.0.0.1', '::1'] : [address];
  let last: Seen | null = null;
  for (const wait of PATIENT_WAITS) {
    if (wait > 0) await clock.sleep(wait, signal);
    signal?.throwIfAborted();
    const seen = await Promise.all(addresses.map((at) => look(task, at, port, signal)));
    signal?.throwIfAborted();
    // Without IPv6 nothing listens on ::1. A wrong response always counts.
    const wrong = seen.find(({ reason }) => reason === 'no-acme-tls' || reason === 'wrong-certificate');
    if (wrong === undefined && seen.some(({ reason }) => reason === null)) return;
    last = wrong ?? seen[0] ?? null;
  }
  throw failure(task, last);
}

function look(task: ChallengeTask, address: string, port: number, signal?: AbortSignal): Promise<Seen> {
  const endpoint = `${urlHost(address)}:${port}`;
  return new Promise((resolve) => {
    let connected = false;
    const socket = connect({
      host: address,
      port,
      servername: serverName(task),
      ALPNProtocols: [ACME_TLS],
      minVersion: 'TLSv1.2',
      // The certificate is self-signed by definition: it is compared with the expected one, and nothing is sent.
      rejectUnauthorized: false,
      ca: [],
    });
    const settle = (reason: TlsAlpnReason | null, info = ''): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      resolve({ reason, endpoint, info });
    };
    const abort = (): void => settle('connection-failed');
    const timer = setTimeout(() => settle('connection-timeout'), TIMEOUT_MS);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      connected = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(connected ? 'no-acme-tls' : 'connection-failed', error.code ?? ''),
    );
    socket.once('close', () => settle(connected ? 'no-acme-tls' : 'connection-failed'));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()?.raw;
      if (socket.alpnProtocol !== ACME_TLS) settle('no-acme-tls');
      else if (certificate === undefined || !isChallengeCertificate(certificate, task)) settle('wrong-certificate');
      else settle(null);
    });
  });
}

function failure(task: ChallengeTask, seen: Seen | null): EverbindError {
  const { reason, endpoint, info } = seen ?? { reason: null, endpoint: '', info: '' };
  const word = reason ?? 'connection-failed';
  const cause = info === '' ? '' : ` (${info})`;
  const message = `${task.identifier.value}: asking ${endpoint} by ${ACME_TLS}: ${TLS_ALPN_REASONS[word]}${cause}`;
  return new EverbindError('CHALLENGE_SELF_CHECK_FAILED', message, {
    ...failureDetails(task),
    reason: word,
    endpoint,
    info,
  });
}
