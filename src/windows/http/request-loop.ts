import { setTimeout as sleep } from 'node:timers/promises';
import { type ReceivedRequest, readRequest, writeResponse } from './http-message.ts';
import { layouts } from '../ffi/layouts.ts';
import type { Native } from '../ffi/native.ts';
import { type Operation, startOperation } from './overlapped.ts';
import { STATUS } from '../status.ts';
import { Structure } from '../ffi/structure.ts';

/** How often the loop polls the queue. A poll is a few reads of memory. */
const POLL_MS = 20;
/** http.sys accepts 16 KiB of headers; the structure around them takes a few more. */
const REQUEST_ROOM = 20 * 1024;
/**
 * Requests that can arrive between two polls. Wine's http.sys drops a request that no receive call waits for; that of
 * Windows keeps it.
 */
const RECEIVERS = 32;
/** Responses under way to clients. Further requests wait in http.sys, which limits them itself. */
const MAX_RESPONSES = 256;
/** How long the end waits for responses that are under way, and then for cancelled calls to return. */
const GRACE_MS = 2000;

/** The body of the response; null: there is nothing (404). */
type RequestHandler = (request: ReceivedRequest) => string | null | Promise<string | null>;

/**
 * Responds to the requests of a queue. No thread waits: calls are overlapped, and a timer polls them. The returned
 * function ends the loop; then the queue may be closed.
 */
export function runRequestLoop(native: Native, queue: bigint, handler: RequestHandler): () => Promise<void> {
  const { httpapi, kernel32, ffi } = native;
  const sending = new Set<Operation>();
  const receivers: (Operation | null)[] = Array.from({ length: RECEIVERS }, () => null);
  let responding = 0;
  let timer: NodeJS.Timeout | null = null;

  const receive = (): Operation =>
    startOperation(native, queue, Buffer.alloc(REQUEST_ROOM), (overlapped, memory) =>
      httpapi.HttpReceiveHttpRequest(queue, 0, 0, memory, memory.length, null, overlapped),
    );

  const send = (id: bigint, status: number, body: string, head: boolean): void => {
    sending.add(
      startOperation(native, queue, writeResponse(ffi, status, body, head), (overlapped, response) =>
        httpapi.HttpSendHttpResponse(queue, id, 0, response, null, null, null, 0, overlapped, null),
      ),
    );
  };

  const respond = async (request: ReceivedRequest): Promise<void> => {
    const { id, method } = request;
    const head = method === 'HEAD';
    if (method === 'other') {
      send(id, 405, '', head);
      return;
    }
    responding += 1;
    try {
      const response = handler(request);
      const body = response instanceof Promise ? await response : response;
      send(id, body === null ? 404 : 200, body ?? '', head);
    } catch {
      send(id, 500, '', head);
    } finally {
      responding -= 1;
    }
  };

  const areSent = (): boolean => {
    for (const operation of sending) if (operation.poll() !== null) sending.delete(operation);
    return sending.size + responding === 0;
  };

  /** Responds to what has arrived, if it is a whole request. */
  const handle = (status: number, octets: Buffer): void => {
    if (status === 0) void respond(readRequest(ffi, octets)).catch(() => {});
    // The headers are longer than http.sys itself would accept. All that is known of the request is its number.
    else if (status === STATUS.MORE_DATA) {
      send(new Structure(ffi, layouts.HTTP_REQUEST, octets).uint64('RequestId'), 431, '', false);
    }
    // Any other failure concerns this request alone: its client has gone.
  };

  const poll = (): void => {
    let taken = 0;
    for (let index = 0; index < RECEIVERS; index += 1) {
      try {
        if (!areSent() && sending.size + responding >= MAX_RESPONSES) break;
        const receiver = (receivers[index] ??= receive());
        const status = receiver.poll();
        if (status === null) continue;
        receivers[index] = null;
        receivers[index] = receive();
        taken += status === 0 ? 1 : 0;
        handle(status, receiver.octets);
      } catch {
        // A request that cannot be read or responded to must end neither the registrations nor the process. http.sys
        // times it out.
      }
    }
    // While requests arrive, the next poll follows at once, after the event loop had its turn.
    timer = setTimeout(poll, taken > 0 ? 0 : POLL_MS);
  };

  const settle = async (isSettled: () => boolean): Promise<void> => {
    const end = Date.now() + GRACE_MS;
    while (!isSettled() && Date.now() < end) await sleep(POLL_MS);
  };

  poll();
  return async () => {
    if (timer !== null) clearTimeout(timer);
    await settle(areSent);
    kernel32.CancelIoEx(queue, null);
    await settle(() => areSent() && receivers.every((receiver) => receiver === null || receiver.poll() !== null));
  };
}
