import { EverbindError } from '../errors/error.ts';
import { ipVersion } from '../pki/x509/ip-address.ts';

/** Where a CA looks for the challenge response (RFC 8555 section 8.3). */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/';

// 128 bits (RFC 8555 section 8.3) are 22 characters. The lower bound also excludes the names of Windows devices (NUL,
// CON, COM1), which are base64url as well; the upper one keeps the path of the file short.
const tokenPattern = /^[A-Za-z0-9_-]{22,200}$/;

/** The token, when it may become a file name and a part of a URL. Throws CHALLENGE_TOKEN_INVALID. */
export function checkedToken(token: string): string {
  if (tokenPattern.test(token)) return token;
  throw new EverbindError(
    'CHALLENGE_TOKEN_INVALID',
    'the token of the challenge is not base64url of 128 bits or more',
    {
      length: token.length,
    },
  );
}

/** The token in the path of a request, whatever its query; null for any other path. */
export function tokenOfPath(path: string): string | null {
  const [plain = ''] = path.split('?', 1);
  if (!plain.startsWith(CHALLENGE_PATH)) return null;
  const token = plain.slice(CHALLENGE_PATH.length);
  return tokenPattern.test(token) ? token : null;
}

/** The host in a URL or a Host header: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return ipVersion(host) === 6 ? `[${host}]` : host;
}
