import type { HttpResponse } from '../../src/ports/transport.ts';
import { withHeader } from './response.ts';
import type { Fault } from './fault.ts';

/** More than any response of a CA may hold. */
const OVERSIZE = 1024 * 1024;

/** The response as a broken gateway passes it on; null where there is nothing to spoil. */
export function garble(response: HttpResponse, how: Extract<Fault, { kind: 'garbled' }>['how']): HttpResponse | null {
  const { body } = response;
  if (body.length < 2) return null;
  switch (how) {
    case 'truncated':
      return { ...response, body: body.subarray(0, Math.ceil(body.length / 2)) };
    case 'oversized':
      return { ...response, body: Buffer.concat([body, Buffer.alloc(OVERSIZE, ' ')]) };
    case 'content-type':
      return withHeader(response, 'content-type', 'text/html; charset=utf-8');
  }
}
