import type { HttpResponse } from '../../src/ports/transport.ts';
import { jsonOf, withHeader, withJson } from './response.ts';

/**
 * The response as a CA gives it whose clock is ahead by so many milliseconds: Date, Retry-After dates, expiry of orders
 * and authorizations.
 */
export function atCaTime(response: HttpResponse, aheadMs: number): HttpResponse {
  let moved = response;
  for (const name of ['date', 'retry-after']) {
    const [value] = moved.headers[name] ?? [];
    if (value === undefined || /^\d+$/.test(value)) continue;
    moved = withHeader(moved, name, new Date(Date.parse(value) + aheadMs).toUTCString());
  }
  const object = jsonOf(moved);
  const expires = object?.['expires'];
  if (typeof expires !== 'string') return moved;
  const time = new Date(Math.floor((Date.parse(expires) + aheadMs) / 1000) * 1000);
  return withJson(moved, { ...object, expires: time.toISOString() });
}
