import { EverbindError } from '../../errors/error.ts';
import { isLoopbackHost } from '../../pki/x509/ip-address.ts';

/** Which URLs requests may go to (RFC 8555 section 6.1: HTTPS only). */
export interface UrlPolicy {
  /** Plain http to this machine, for test CAs. Set explicitly by the operator, never by a CA. */
  readonly allowInsecureLoopback: boolean;
  /**
   * Host and port of what the CA's directory lists; absent: any. A CA that could name the addresses of another one
   * would have us spend our welcome there.
   */
  readonly hosts?: ReadonlySet<string>;
}

const maxLength = 2048;

/**
 * The URL when it may be used: absolute, https (or loopback http where allowed), without user name, password or
 * fragment, at a host of the CA. Throws ACME_INSECURE_URL, ACME_FOREIGN_URL. `where` names the setting or the member
 * with the URL.
 */
export function checkUrl(url: string, where: string, policy: UrlPolicy): string {
  const parsed = url.length <= maxLength && /^[\x21-\x7e]+$/.test(url) ? URL.parse(url) : null;
  if (parsed === null) throw refused(where, 'is not an absolute URL');
  const local = policy.allowInsecureLoopback && parsed.protocol === 'http:' && isLoopbackHost(parsed.hostname);
  if (parsed.protocol !== 'https:' && !local) throw refused(where, 'is not https');
  if (parsed.username !== '' || parsed.password !== '') throw refused(where, 'holds credentials');
  if (url.includes('#')) throw refused(where, 'holds a fragment');
  if (policy.hosts?.has(parsed.host) === false) {
    throw new EverbindError(
      'ACME_FOREIGN_URL',
      `The address in ${where} is at a host that the directory does not list`,
      {
        where,
        host: parsed.host,
      },
    );
  }
  return url;
}

function refused(where: string, problem: string): EverbindError {
  return new EverbindError('ACME_INSECURE_URL', `The address in ${where} ${problem}`, { where });
}
