import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { EverbindError } from '../errors/error.ts';
import { type DnsServer, serverText } from './wire/server-text.ts';
import { decodeMessage, type DnsMessage } from './wire/message.ts';

export interface DnsResponse {
  readonly message: DnsMessage;
  readonly octets: Uint8Array;
}

/** Sends a message to one server and returns its response, truncated or not. Throws DNS_QUERY_FAILED. */
export type DnsExchange = (
  server: DnsServer,
  message: Uint8Array,
  transport: 'udp' | 'tcp',
  signal?: AbortSignal,
) => Promise<DnsResponse>;

/** UDP is tried again, since datagrams get lost. */
const UDP_TRIES = 2;
const UDP_TIMEOUT_MS = 1_500;
const TCP_TIMEOUT_MS = 5_000;

/** Over UDP first; over TCP when the response does not fit, when UDP does not get through, or from the start. */
export const exchange: DnsExchange = async (server, message, transport, signal) => {
  if (transport === 'udp') {
    for (let attempt = 1; attempt <= UDP_TRIES; attempt += 1) {
      const response = await overUdp(server, message, signal);
      if (response === null) continue;
      if (!response.message.truncated) return response;
      break;
    }
  }
  return overTcp(server, message, signal);
};

/** Null when no response came in time. */
function overUdp(server: DnsServer, message: Uint8Array, signal?: AbortSignal): Promise<DnsResponse | null> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    // The address was checked before. Node's own check takes 4 ms the first time.
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.close();
      settle();
    };
    const abort = (): void => finish(() => reject(signal?.reason as Error));
    const timer = setTimeout(() => finish(() => resolve(null)), UDP_TIMEOUT_MS);
    signal?.addEventListener('abort', abort);
    socket.once('error', (error) => finish(() => reject(failed(server, error))));
    socket.on('message', (octets) => {
      // Anything else may be forged: wait for the response to this query.
      const response = responseTo(message, octets);
      if (response !== null) finish(() => resolve(response));
    });
    // Connected, so that the system drops datagrams of other addresses and reports a closed port.
    socket.connect(server.port, server.address, () => socket.send(message));
  });
}

/** RFC 7766: one message, without any octets after its length. */
function overTcp(server: DnsServer, message: Uint8Array, signal?: AbortSignal): Promise<DnsResponse> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const socket = connect({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    const fail = (error: unknown): void => finish(() => reject(failed(server, error)));
    const abort = (): void => finish(() => reject(signal?.reason as Error));
    const timer = setTimeout(() => fail({ code: 'ETIMEDOUT' }), TCP_TIMEOUT_MS);
    signal?.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on('end', () => fail({ code: 'ECONNRESET' }));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const response = responseTo(message, received.subarray(2, 2 + received.readUInt16BE(0)));
      if (response === null) fail({ code: 'UNUSABLE' });
      else finish(() => resolve(response));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, message]));
  });
}

/** The octets as the response to the query; null when they are none. */
function responseTo(question: Uint8Array, octets: Uint8Array): DnsResponse | null {
  try {
    const message = decodeMessage(octets);
    const asked = decodeMessage(question);
    const [wanted] = asked.questions;
    const [echoed] = message.questions;
    const same =
      message.response &&
      message.id === asked.id &&
      message.opcode === asked.opcode &&
      // Servers may leave the question out of an error, and out of any response to an update (RFC 2136 section 3.8).
      (echoed === undefined ||
        (wanted !== undefined &&
          echoed.name === wanted.name &&
          echoed.typeNumber === wanted.typeNumber &&
          echoed.classNumber === wanted.classNumber));
    return same ? { message, octets: Uint8Array.from(octets) } : null;
  } catch {
    return null;
  }
}

/**
 * DNS_QUERY_FAILED with `server` and `reason`: the system's code, ETIMEDOUT when there was no response, UNUSABLE for
 * one that is not DNS.
 */
function failed({ address, port }: DnsServer, error: unknown): EverbindError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'UNKNOWN';
  const server = serverText({ address, port });
  return new EverbindError('DNS_QUERY_FAILED', `the DNS server ${server} did not respond (${code})`, {
    server,
    reason: code,
  });
}
