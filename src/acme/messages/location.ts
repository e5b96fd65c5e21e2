import type { Answer } from '../session/answer.ts';
import { invalidAnswer } from './decoding.ts';
import { checkUrl, type UrlPolicy } from './url-policy.ts';

/** The address of what a request created. Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function location(answer: Answer, resource: string, policy: UrlPolicy): string {
  const where = `Location of the ${resource}`;
  const [value, ...others] = answer.headers['location'] ?? [];
  if (value === undefined || others.length > 0) throw invalidAnswer(where, 'one URL');
  // An absolute URL is kept as the CA wrote it: it compares the text when it is signed. HTTP also allows relative ones.
  if (URL.canParse(value)) return checkUrl(value, where, policy);
  const resolved = URL.parse(value, answer.url);
  if (resolved === null) throw invalidAnswer(where, 'one URL');
  return checkUrl(resolved.href, where, policy);
}
