import type { HttpResponse } from '../../ports/transport.ts';
import { parseHttpDate } from '../messages/retry-after.ts';

/**
 * How far the clock of whoever sent a response is ahead of ours, milliseconds, by its Date (RFC 9110 section 6.6.1)
 * and, where a cache kept it, its Age; null without a Date that can be read. Exact to a second and the time of the way.
 */
export function clockLeadOf(headers: HttpResponse['headers'], now: number): number | null {
  const [sent, ...others] = headers['date'] ?? [];
  const date = sent === undefined || others.length > 0 ? null : parseHttpDate(sent);
  if (date === null) return null;
  const [age = '0'] = headers['age'] ?? [];
  return /^\d{1,9}$/.test(age) ? date + Number(age) * 1000 - now : null;
}
