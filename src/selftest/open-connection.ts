import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { toPem } from '../pki/asn1/pem.ts';
import type { Endpoint } from '../ports/windows-host.ts';
import type { LocalCa } from './local-ca.ts';
import { HOST } from './names.ts';

/** A connection that a visitor keeps open. */
export interface OpenConnection {
  /** Sends a request on it, and says in words what became of it. */
  ask(): Promise<string>;
  close(): void;
}

const TIMEOUT_MS = 5_000;
const MAX_HEAD = 64 * 1024;
const REQUEST = `HEAD / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive\r\n\r\n`;

/** Opens a TLS connection to the test's site, which trusts the test's CA alone. Rejects when there is none. */
export async function openConnection({ address, port }: Endpoint, ca: LocalCa): Promise<OpenConnection> {
  const socket = connect({
    host: address,
    port,
    servername: HOST,
    // With the intermediate, since what the server sends of the chain is looked at elsewhere.
    ca: [ca.root, ca.intermediate].map((der) => toPem('CERTIFICATE', der)),
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('error', () => socket.destroy());
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { ask: () => ask(socket), close: () => void socket.destroy() };
}

/** The response to HEAD ends with its head. */
function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let head = '';
    const settle = (outcome: string): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (head.includes('\r\n\r\n') || head.length > MAX_HEAD) settle('a request was responded to');
    };
    const onClose = (): void => settle('the server has closed it');
    const timer = setTimeout(() => settle(`no response within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    if (socket.destroyed || socket.readableEnded) return onClose();
    socket.on('data', onData).once('close', onClose);
    socket.write(REQUEST);
  });
}
