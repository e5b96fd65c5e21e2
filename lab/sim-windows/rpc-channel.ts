import type { Socket } from 'node:net';
import { EverbindError, WindowsError, type ErrorDetails } from '../../src/errors/error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';

// One JSON object a line, both ways: a call {id, method, parameters}, or a reply {id, result} or {id, error}. Octets
// travel as {"$octets": base64}. Either side may call, and calls run at the same time.

/** Status of every call when the double is not there. */
export const RPC_SERVER_UNAVAILABLE = 1722;
const MAX_LINE = 64 * 1024 * 1024;

export interface RpcChannel {
  /** Rejects as the work on the other side does; with WindowsError 1722 when the connection is lost. */
  call(method: string, parameters: readonly unknown[]): Promise<unknown>;
  /** Calls that wait for their reply. */
  pending(): number;
  close(): void;
}

type Handler = (method: string, parameters: readonly unknown[]) => Promise<unknown>;

interface WireError {
  readonly message: string;
  readonly windows?: { readonly call: string; readonly status: number };
  readonly code?: ErrorCode;
  readonly details?: ErrorDetails;
}

/**
 * Speaks over a connected or connecting socket. `handle` does the other side's calls; `closed` runs once when the
 * connection ends.
 */
export function openChannel(socket: Socket, handle: Handler, closed: () => void): RpcChannel {
  const waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }
  >();
  let lastId = 0;
  let ended = false;
  const send = (message: object): void => {
    if (!ended) socket.write(`${JSON.stringify(encode(message))}\n`);
  };
  const answer = async (id: number, method: string, parameters: readonly unknown[]): Promise<void> => {
    try {
      send({ id, result: (await handle(method, parameters)) ?? null });
    } catch (error) {
      send({ id, error: toWire(error) });
    }
  };
  const receive = (line: string): void => {
    const message = decode(JSON.parse(line)) as {
      readonly id: number;
      readonly method?: string;
      readonly parameters?: readonly unknown[];
      readonly result?: unknown;
      readonly error?: WireError;
    };
    if (message.method !== undefined) {
      void answer(message.id, message.method, message.parameters ?? []);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve(message.result);
    else call?.reject(fromWire(message.error));
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    for (const { reject } of waiting.values()) reject(new WindowsError('rpc', RPC_SERVER_UNAVAILABLE));
    waiting.clear();
    closed();
  };
  const parts: string[] = [];
  let length = 0;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    let rest = chunk;
    for (let newline = rest.indexOf('\n'); newline >= 0; newline = rest.indexOf('\n')) {
      parts.push(rest.slice(0, newline));
      try {
        receive(parts.splice(0).join(''));
      } catch {
        socket.destroy();
        return;
      }
      length = 0;
      rest = rest.slice(newline + 1);
    }
    parts.push(rest);
    length += rest.length;
    if (length > MAX_LINE) socket.destroy();
  });
  socket.on('error', end);
  socket.on('close', end);
  return {
    call: (method, parameters) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(new WindowsError('rpc', RPC_SERVER_UNAVAILABLE));
          return;
        }
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        send({ id: lastId, method, parameters });
      }),
    pending: () => waiting.size,
    close: () => {
      end();
      socket.destroy();
    },
  };
}

/** A value with its octets in a form that JSON can hold. */
export function encode(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $octets: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encode(member)]));
}

/** The reverse of `encode`, on a freshly parsed value. */
export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  const octets = (value as { $octets?: unknown }).$octets;
  if (typeof octets === 'string') return new Uint8Array(Buffer.from(octets, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decode(member)]));
}

function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { message: String(error) };
  if (error instanceof WindowsError) {
    const { call, status: _, ...details } = error.details;
    return { message: error.message, windows: { call: String(call), status: error.status }, details };
  }
  if (error instanceof EverbindError) return { message: error.message, code: error.code, details: error.details };
  return { message: error.message };
}

function fromWire(error: WireError): Error {
  if (error.windows !== undefined) return new WindowsError(error.windows.call, error.windows.status, error.details);
  if (error.code !== undefined) return new EverbindError(error.code, error.message, error.details);
  return new Error(error.message);
}
