import { setTimeout as sleep } from 'node:timers/promises';
import { type ReceivedRequest, readRequest, writeResponse } from './http-message.ts';
import { layouts } from './layouts.ts';
import type { Native } from './native.ts';
import { type Operation, startOperation } from './overlapped.ts';
import { STATUS } from './status.ts';
import { Structure } from './structure.ts';

/** How often the queue is looked at. A look is a few reads of memory. */
const POLL_MS = 20;
/** http.sys takes 16 KiB of headers; the structure around them is a few more. */
const REQUEST_ROOM = 32 * 1024;
/** Answers on their way to clients; beyond that requests wait in http.sys, which limits them itself. */
const MAX_ANSWERS = 256;
/** Requests that are taken up before the event loop gets its turn. */
const MAX_AT_ONCE = 32;
/** How long the end waits for answers that are on their way, and then for cancelled calls to return. */
const GRACE_MS = 2000;

/** The text of an answer; null: there is nothing (404). */
export type AnswerRequest = (request: ReceivedRequest) => string | null | Promise<string | null>;

/**
 * Answers the requests of a queue. No thread waits: calls are overlapped and looked at by a timer. The returned function ends it; then the queue
 * may be closed.
 */
export function runRequestLoop(native: Native, queue: bigint, answer: AnswerRequest): () => Promise<void> {
  const { httpapi, kernel32, ffi } = native;
  const answers = new Set<Operation>();
  let receiving: Operation | null = null;
  let answering = 0;
  let timer: NodeJS.Timeout | null = null;

  const receive = (): Operation =>
    startOperation(native, queue, Buffer.alloc(REQUEST_ROOM), (overlapped, memory) =>
      httpapi.HttpReceiveHttpRequest(queue, 0, 0, memory, memory.length, null, overlapped),
    );

  const send = (id: bigint, status: number, body: string, head: boolean): void => {
    answers.add(
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
    answering += 1;
    try {
      const answered = answer(request);
      const body = answered instanceof Promise ? await answered : answered;
      send(id, body === null ? 404 : 200, body ?? '', head);
    } catch {
      send(id, 500, '', head);
    } finally {
      answering -= 1;
    }
  };

  const areSent = (): boolean => {
    for (const sent of answers) if (sent.poll() !== null) answers.delete(sent);
    return answers.size + answering === 0;
  };

  /** Takes up what has come; false when there is nothing more for now. */
  const step = (): boolean => {
    if (!areSent() && answers.size + answering >= MAX_ANSWERS) return false;
    receiving ??= receive();
    const status = receiving.poll();
    if (status === null) return false;
    const { octets } = receiving;
    receiving = null;
    if (status === 0) {
      void respond(readRequest(ffi, octets)).catch(() => {});
      return true;
    }
    // Any other failure is of that one request: its client has gone.
    if (status !== STATUS.MORE_DATA) return false;
    // Longer headers than http.sys itself would take; what there is of the request is its number.
    send(new Structure(ffi, layouts.HTTP_REQUEST, octets).uint64('RequestId'), 431, '', false);
    return true;
  };

  const look = (): void => {
    timer = setTimeout(look, POLL_MS);
    try {
      for (let taken = 0; taken < MAX_AT_ONCE && step(); taken += 1);
    } catch {
      // One request that could not be read or answered ends neither the registrations nor the process; http.sys times it out.
    }
  };

  const settle = async (isSettled: () => boolean): Promise<void> => {
    const end = Date.now() + GRACE_MS;
    while (!isSettled() && Date.now() < end) await sleep(POLL_MS);
  };

  look();
  return async () => {
    if (timer !== null) clearTimeout(timer);
    await settle(areSent);
    kernel32.CancelIoEx(queue, null);
    await settle(() => areSent() && (receiving === null || receiving.poll() !== null));
  };
}
