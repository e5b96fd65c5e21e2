import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Solver } from '../../ports/solver.ts';
import { boundConnections } from '../bounded-connections.ts';
import { listenFailed, presentFailed } from '../challenge-failure.ts';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import { ACME_TLS, challengeCertificate, serverName } from './certificate.ts';
import { checkTlsAlpn } from './self-check.ts';

export interface TlsAlpnOptions {
  /** null listens on every address of the machine, IPv4 and IPv6. */
  readonly address: string | null;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether IIS listens on the port, so that http.sys owns it. */
  readonly ownedByIis: () => Promise<boolean>;
}

interface ChallengeResponse {
  readonly keyAuthorization: string;
  readonly context: SecureContext;
}

interface Listener {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

const HANDSHAKE_MS = 5_000;
const AFTER_HANDSHAKE_MS = 2_000;
const INSTEAD = 'http-01 with mode http.sys, or dns-01';

/**
 * tls-alpn-01 (RFC 8737) by a server of our own, opened with the first challenge response and closed with the last. It
 * completes handshakes for `acme-tls/1` and a name that is being validated, then closes the connection and reads
 * nothing. A kill ends it. `present` throws CHALLENGE_PORT_IN_USE.
 */
export function createTlsAlpnSolver({ address, port, clock, random, ownedByIis }: TlsAlpnOptions): Solver {
  const responses = new Map<string, ChallengeResponse>();
  const inTurn = createKeyedMutex();
  let listener: Listener | null = null;

  return {
    type: 'tls-alpn-01',

    present: (task, signal) =>
      inTurn('', async () => {
        const name = serverName(task);
        const { keyAuthorization } = task;
        const before = responses.get(name);
        // One server name, one certificate: the CA of the first task may be looking at it right now.
        if (before !== undefined && before.keyAuthorization !== keyAuthorization) {
          throw presentFailed(task, 'being-validated', 'another certificate is being validated by tls-alpn-01 for it');
        }
        if (listener === null && (await ownedByIis())) {
          const message = `IIS has https bindings on port ${port}, so http.sys owns it; use ${INSTEAD}`;
          throw presentFailed(task, 'http-sys-owns-port', message, { port });
        }
        signal?.throwIfAborted();
        listener ??= await open(responses, address, port).catch((error: unknown) => {
          throw listenFailed(task, { address, port, instead: INSTEAD }, error);
        });
        if (before !== undefined) return;
        const { cert, key } = challengeCertificate(task, random, clock.now());
        responses.set(name, { keyAuthorization, context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }) });
      }),

    wait: (task, signal) => checkTlsAlpn(task, { address, port, clock }, signal),

    cleanUp: (task) =>
      inTurn('', async () => {
        const name = serverName(task);
        if (responses.get(name)?.keyAuthorization === task.keyAuthorization) responses.delete(name);
        if (responses.size > 0 || listener === null) return;
        const { server, sockets } = listener;
        listener = null;
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        });
      }),
  };
}

function open(
  responses: ReadonlyMap<string, ChallengeResponse>,
  address: string | null,
  port: number,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({
      // A client that offers other protocols only gets an alert; one that offers none is disconnected below.
      ALPNProtocols: [ACME_TLS],
      // RFC 8737 section 4.
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
      // For any other name there is no certificate, and the handshake fails.
      SNICallback: (name, done) => done(null, responses.get(name.toLowerCase())?.context),
    });
    const sockets = boundConnections(server);
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      // A client that does not close its side in turn is not waited for.
      socket.setTimeout(AFTER_HANDSHAKE_MS, () => socket.destroy());
      socket.end();
    });
    // Clients choose how to connect: their failed handshakes are no failure of ours.
    server.on('tlsClientError', (_, socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ port, ...(address === null ? {} : { host: address }) }, () => resolve({ server, sockets }));
  });
}
