import type { HttpResponse } from '../../src/ports/transport.ts';
import { withHeader } from './answer.ts';
import type { Fault } from './fault.ts';

/** More than any answer of a CA may hold. */
const OVERSIZE = 1024 * 1024;

/** The answer as a broken gateway passes it on; null where there is nothing to spoil. */
export function garble(answer: HttpResponse, how: Extract<Fault, { kind: 'garbled' }>['how']): HttpResponse | null {
  const { body } = answer;
  if (body.length < 2) return null;
  switch (how) {
    case 'truncated':
      return { ...answer, body: body.subarray(0, Math.ceil(body.length / 2)) };
    case 'oversized':
      return { ...answer, body: Buffer.concat([body, Buffer.alloc(OVERSIZE, ' ')]) };
    case 'content-type':
      return withHeader(answer, 'content-type', 'text/html; charset=utf-8');
  }
}
