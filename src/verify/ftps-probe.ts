import { connect, type Socket } from 'node:net';
import { type FtpReply, readFtpReply } from './ftp-reply.ts';
import type { Probe, ProbeTarget, ServedCertificate } from './probe.ts';
import { probeError, shakeHands, tlsProbe } from './tls-probe.ts';

// What a visitor of an FTP site gets: RFC 4217. Nothing but HOST (RFC 7151) and AUTH TLS is ever sent in the clear, and
// no user name at all.

/** Port of implicit FTPS: the handshake comes first. IIS goes by the port, too. */
const IMPLICIT_PORT = 990;

/** The probe for a site that is bound to this port. */
export function ftpsProbe(boundPort: number): Probe {
  return boundPort === IMPLICIT_PORT ? tlsProbe : explicitProbe;
}

const explicitProbe: Probe = async (target, signal) => {
  const begun = performance.now();
  const socket = await secureConnection(target, signal);
  const timeoutMs = Math.max(1, target.timeoutMs - (performance.now() - begun));
  return shakeHands({ ...target, timeoutMs }, signal, socket) satisfies Promise<ServedCertificate>;
};

/** What comes next: the replies that go on, and the command that they are answered with; null: the handshake. */
interface Step {
  readonly expected: (code: number) => boolean;
  readonly next: string | null;
}

function stepsOf({ host }: ProbeTarget): readonly Step[] {
  const auth = { expected: (code: number) => code === 234, next: null };
  if (host === '') return [{ expected: (code) => code === 220, next: 'AUTH TLS\r\n' }, auth];
  return [
    { expected: (code) => code === 220, next: `HOST ${host}\r\n` },
    // Not known to the server, or not needed.
    { expected: (code) => [220, 500, 501, 502, 504].includes(code), next: 'AUTH TLS\r\n' },
    auth,
  ];
}

/** A connection whose server has agreed to begin with TLS. */
function secureConnection(target: ProbeTarget, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const steps = [...stepsOf(target)];
    let received: Buffer = Buffer.alloc(0);
    let connected = false;
    const socket = connect({ host: target.address, port: target.port });
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.removeAllListeners();
      work();
    };
    const fail = (code: Parameters<typeof probeError>[0], cause?: unknown, more = {}): void =>
      settle(() => {
        socket.on('error', () => {});
        socket.destroy();
        reject(probeError(code, target, cause, more));
      });
    const abort = (): void =>
      settle(() => {
        socket.on('error', () => {});
        socket.destroy();
        reject(signal?.reason as Error);
      });
    const refuse = (problem: string, reason: string): void =>
      fail('VERIFY_HANDSHAKE_FAILED', undefined, { problem, reason });
    const take = (reply: Exclude<FtpReply, { kind: 'incomplete' }>): void => {
      if (reply.kind === 'invalid') {
        refuse('what answers is no FTP server', 'ftp-no-reply');
        return;
      }
      // Whatever follows was sent before it was asked for: to be read as if it came over TLS, perhaps.
      if (received.length > reply.length) {
        refuse('the FTP server says more than it was asked for', 'ftp-unasked');
        return;
      }
      received = Buffer.alloc(0);
      // The service is ready in some minutes (120): the next reply comes then.
      if (reply.code === 120) return;
      const step = steps.shift();
      if (step?.expected(reply.code) !== true) {
        refuse(`the FTP server begins no TLS, it says ${reply.code}`, `ftp-${reply.code}`);
      } else if (step.next !== null) socket.write(step.next);
      else {
        settle(() => {
          socket.pause();
          resolve(socket);
        });
      }
    };
    const timer = setTimeout(() => fail('VERIFY_TIMEOUT'), target.timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      connected = true;
    });
    socket.on('error', (error) => fail(connected ? 'VERIFY_HANDSHAKE_FAILED' : 'VERIFY_CONNECT_FAILED', error));
    socket.once('close', () => fail(connected ? 'VERIFY_HANDSHAKE_FAILED' : 'VERIFY_CONNECT_FAILED'));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const reply = readFtpReply(received);
      if (reply.kind !== 'incomplete') take(reply);
    });
  });
}
