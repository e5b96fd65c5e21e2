import type { HttpResponse } from '../../src/ports/transport.ts';
import type { Fault } from './fault.ts';

/** What a CA under load, or the gateway before it, answers; `now` is the CA's time, ms since 1970. */
export function refusal({ status, retryAfter }: Extract<Fault, { kind: 'refusal' }>, now: number): HttpResponse {
  const limited = status === 429;
  const wait =
    retryAfter === null
      ? []
      : [
          retryAfter.form === 'seconds'
            ? `${retryAfter.seconds}`
            : new Date(now + retryAfter.seconds * 1000).toUTCString(),
        ];
  return {
    status,
    headers: {
      date: [new Date(now).toUTCString()],
      'content-type': [limited ? 'application/problem+json' : 'text/html'],
      ...(wait.length === 0 ? {} : { 'retry-after': wait }),
    },
    body: Buffer.from(
      limited
        ? JSON.stringify({ type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many requests' })
        : `<h1>${status}</h1>`,
    ),
  };
}
