import { setTimeout as sleep } from 'node:timers/promises';
import { WindowsError } from '../errors/error.ts';
import type { HttpServer } from '../ports/windows-host.ts';
import { readRequest, type ReceivedRequest, writeResponse } from './http-message.ts';
import { layouts } from './layouts.ts';
import type { Native } from './native.ts';
import { type Operation, startOperation } from './overlapped.ts';
import { openRequestQueue } from './request-queue.ts';
import { STATUS } from './status.ts';
import { Structure } from './structure.ts';

/** How often the queue is looked at. A look is a few reads of memory. */
const POLL_MS = 20;
/** http.sys takes 16 KiB of headers; the structure around them is a few more. */
const REQUEST_ROOM = 32 * 1024;
/** Answers on their way to clients; beyond that requests wait in http.sys, which limits them itself. */
const MAX_ANSWERS = 256;
/** Requests that are answered before the event loop gets its turn. */
const MAX_AT_ONCE = 32;
/** How long the end waits for answers that are on their way, and then for cancelled calls to return. */
const GRACE_MS = 2000;

type Answer = (request: { host: string; path: string }) => string | null | Promise<string | null>;

/** As the port has it; an answer may also come later. */
export interface NativeHttpServer extends HttpServer {
  serve(prefix: string, answer: Answer): Promise<() => Promise<void>>;
}

/** HTTP Server API 2.0: http.sys shares the port with IIS. No thread waits: calls are overlapped and looked at by a timer. */
export function createHttpServer(native: Native): NativeHttpServer {
  return {
    serve: async (prefix, answer) => {
      if (!isPrefix(prefix)) throw new WindowsError('HttpAddUrlToUrlGroup', STATUS.INVALID_PARAMETER, { prefix });
      return serve(native, prefix, answer);
    },
  };
}

// `scheme://host:port/path/`, as UrlPrefix strings must be.
function isPrefix(prefix: string): boolean {
  const match = /^https?:\/\/[^/:\s]+:([0-9]{1,5})\/(?:[^?#\s]*\/)?$/.exec(prefix);
  const port = Number(match?.[1] ?? 0);
  return port >= 1 && port <= 65535;
}

function serve(native: Native, prefix: string, answer: Answer): () => Promise<void> {
  const { httpapi, kernel32, ffi } = native;
  const queue = openRequestQueue(native, prefix);
  const answers = new Set<Operation>();
  let receiving: Operation | null = null;
  let timer: NodeJS.Timeout | null = null;
  let ending: Promise<void> | null = null;

  const receive = (): Operation =>
    startOperation(native, queue.handle, Buffer.alloc(REQUEST_ROOM), (overlapped, memory) =>
      httpapi.HttpReceiveHttpRequest(queue.handle, 0, 0, memory, memory.length, null, overlapped),
    );

  const send = (id: bigint, status: number, body: string, head: boolean): void => {
    const response = writeResponse(ffi, status, body, head);
    answers.add(
      startOperation(native, queue.handle, response, (overlapped, memory) =>
        httpapi.HttpSendHttpResponse(queue.handle, id, 0, memory, null, null, null, 0, overlapped, null),
      ),
    );
  };

  const respond = async ({ id, method, host, path }: ReceivedRequest): Promise<void> => {
    const head = method === 'HEAD';
    if (method === 'other') {
      send(id, 405, '', head);
      return;
    }
    let body: string | null;
    try {
      const answered = answer({ host, path });
      body = answered instanceof Promise ? await answered : answered;
    } catch {
      send(id, 500, '', head);
      return;
    }
    send(id, body === null ? 404 : 200, body ?? '', head);
  };

  /** Handles what has come; false when there is nothing more for now. */
  const step = (): boolean => {
    for (const sent of answers) if (sent.poll() !== null) answers.delete(sent);
    if (answers.size >= MAX_ANSWERS) return false;
    receiving ??= receive();
    const status = receiving.poll();
    if (status === null) return false;
    const { octets } = receiving;
    receiving = null;
    if (status === 0) respond(readRequest(ffi, octets)).catch(() => {});
    // The headers are longer than http.sys itself would have it; of the request there is no more than its number.
    else if (status === STATUS.MORE_DATA)
      send(new Structure(ffi, layouts.HTTP_REQUEST, octets).uint64('RequestId'), 431, '', false);
    // Any other failure is of that one request: its client has gone.
    return status === 0 || status === STATUS.MORE_DATA;
  };

  const look = (): void => {
    timer = setTimeout(look, POLL_MS);
    try {
      for (let handled = 0; handled < MAX_AT_ONCE && step(); handled += 1);
    } catch {
      // One request that could not be read or answered ends neither the registration nor the process; http.sys times it out.
    }
  };

  const settle = async (isSettled: () => boolean): Promise<void> => {
    const end = Date.now() + GRACE_MS;
    while (!isSettled() && Date.now() < end) await sleep(POLL_MS);
  };

  const finish = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    queue.unregister();
    const allSent = (): boolean => {
      for (const sent of answers) if (sent.poll() !== null) answers.delete(sent);
      return answers.size === 0;
    };
    await settle(allSent);
    kernel32.CancelIoEx(queue.handle, null);
    await settle(() => allSent() && (receiving === null || receiving.poll() !== null));
    queue.close();
  };

  look();
  return () => {
    ending ??= finish();
    return ending;
  };
}
