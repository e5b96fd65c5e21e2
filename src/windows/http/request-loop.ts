import { setTimeout as sleep } from 'node:timers/promises';
import { type ReceivedRequest, readRequest, writeResponse } from './http-message.ts';
import { layouts } from '../ffi/layouts.ts';
import type { Native } from '../ffi/native.ts';
import { type Operation, startOperation } from './overlapped.ts';
import { STATUS } from '../status.ts';
import { Structure } from '../ffi/structure.ts';

/** How often the queue is looked at. A look is a few reads of memory. */
const POLL_MS = 20;
/** http.sys takes 16 KiB of headers; the structure around them is a few more. */
const REQUEST_ROOM = 20 * 1024;
/** Requests that can come between two looks without waiting. Wine's http.sys forgets those that nothing waits for; that of Windows keeps them. */
const RECEIVERS = 32;
/** Answers on their way to clients; beyond that requests wait in http.sys, which limits them itself. */
const MAX_ANSWERS = 256;
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
  const receivers: (Operation | null)[] = Array.from({ length: RECEIVERS }, () => null);
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

  /** What has come is answered, or not if it is no whole request. */
  const resumeOrBegin = (status: number, octets: Buffer): void => {
    if (status === 0) void respond(readRequest(ffi, octets)).catch(() => {});
    // Longer headers than http.sys itself would take; what there is of the request is its number.
    else if (status === STATUS.MORE_DATA) {
      send(new Structure(ffi, layouts.HTTP_REQUEST, octets).uint64('RequestId'), 431, '', false);
    }
    // Any other failure is of that one request: its client has gone.
  };

  const look = (): void => {
    let taken = 0;
    for (let index = 0; index < RECEIVERS; index += 1) {
      try {
        if (!areSent() && answers.size + answering >= MAX_ANSWERS) break;
        const receiver = (receivers[index] ??= receive());
        const status = receiver.poll();
        if (status === null) continue;
        receivers[index] = null;
        receivers[index] = receive();
        taken += status === 0 ? 1 : 0;
        resumeOrBegin(status, receiver.octets);
      } catch {
        // One request that could not be read or answered ends neither the registrations nor the process; http.sys times it out.
      }
    }
    // While there is much to do, the event loop gets its turn and no rest.
    timer = setTimeout(look, taken > 0 ? 0 : POLL_MS);
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
    await settle(() => areSent() && receivers.every((receiver) => receiver === null || receiver.poll() !== null));
  };
}
