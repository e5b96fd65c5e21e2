import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Solver } from '../../ports/solver.ts';
import { listenFailed, presentFailed } from '../challenge-failure.ts';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import { ACME_TLS, answerCertificate, serverName } from './certificate.ts';
import { checkTlsAlpn } from './self-check.ts';

export interface TlsAlpnOptions {
  /** null listens on every address of the machine, IPv4 and IPv6. */
  readonly address: string | null;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether IIS listens on the port: http.sys then owns it, and would answer visitors with our certificate if it could. */
  readonly ownedByIis: () => Promise<boolean>;
}

interface Answer {
  readonly keyAuthorization: string;
  readonly context: SecureContext;
}

interface Listener {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

const INSTEAD = 'http-01 with mode http.sys, or dns-01';

/**
 * tls-alpn-01 (RFC 8737) by a server of our own, opened for the first answer and closed with the last. It shakes hands with whoever asks for
 * `acme-tls/1` and a name that is being proved, and hangs up; nothing is read. A kill ends it. `present` throws CHALLENGE_PORT_IN_USE.
 */
export function createTlsAlpnSolver({ address, port, clock, random, ownedByIis }: TlsAlpnOptions): Solver {
  const answers = new Map<string, Answer>();
  const inTurn = createKeyedMutex();
  let listener: Listener | null = null;

  return {
    type: 'tls-alpn-01',

    present: (task, signal) =>
      inTurn('', async () => {
        const name = serverName(task);
        const { keyAuthorization } = task;
        const before = answers.get(name);
        // One server name, one certificate: whoever came first may be looked at by its CA right now.
        if (before !== undefined && before.keyAuthorization !== keyAuthorization) {
          throw presentFailed(task, 'being-proved', 'another certificate is just being proved by tls-alpn-01 for it');
        }
        if (listener === null && (await ownedByIis())) {
          const message = `IIS has https bindings on port ${port}, so http.sys owns it; use ${INSTEAD}`;
          throw presentFailed(task, 'http-sys-owns-port', message, { port });
        }
        signal?.throwIfAborted();
        listener ??= await open(answers, address, port).catch((error: unknown) => {
          throw listenFailed(task, { address, port, instead: INSTEAD }, error);
        });
        if (before !== undefined) return;
        const { cert, key } = answerCertificate(task, random, clock.now());
        answers.set(name, { keyAuthorization, context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }) });
      }),

    wait: (task, signal) => checkTlsAlpn(task, { address, port, clock }, signal),

    cleanUp: (task) =>
      inTurn('', async () => {
        const name = serverName(task);
        if (answers.get(name)?.keyAuthorization === task.keyAuthorization) answers.delete(name);
        if (answers.size > 0 || listener === null) return;
        const { server, sockets } = listener;
        listener = null;
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        });
      }),
  };
}

function open(answers: ReadonlyMap<string, Answer>, address: string | null, port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer({
      // Who offers other protocols only gets an alert; who offers none is hung up on below.
      ALPNProtocols: [ACME_TLS],
      // RFC 8737 section 4.
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      // Without a certificate for the name there is none at all, and the handshake fails.
      SNICallback: (name, done) => done(null, answers.get(name.toLowerCase())?.context),
    });
    // CAs look from a handful of places; whoever floods the port must not cost more than this.
    server.maxConnections = 256;
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      socket.end();
    });
    // Whoever looks chooses how; a handshake that fails is no failure of ours.
    server.on('tlsClientError', (_, socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ port, ...(address === null ? {} : { host: address }) }, () => resolve({ server, sockets }));
  });
}
