/** A reply of an FTP server (RFC 959 section 4.2), or why what came is none. */
export type FtpReply =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'reply';
      readonly code: number;
      /** Octets of the reply; whatever came after it was not asked for. */
      readonly length: number;
    };

/** More than any server says before a handshake. */
export const MAX_REPLY_OCTETS = 8192;

/**
 * Reads one reply off the start of what a server sent. Lines end with CR LF; a reply of several lines begins with its
 * code and a hyphen and ends with the first line that begins with the same code and a blank.
 */
export function readFtpReply(octets: Uint8Array): FtpReply {
  const text = Buffer.from(octets.subarray(0, MAX_REPLY_OCTETS)).toString('latin1');
  let code: string | null = null;
  for (let start = 0; ; ) {
    const end = text.indexOf('\r\n', start);
    const line = end < 0 ? text.slice(start) : text.slice(start, end);
    // A lone CR or LF would be a line to one reader and none to another.
    if (/[\r\n\0]/.test(end < 0 ? line.replace(/\r$/, '') : line)) return { kind: 'invalid' };
    if (end < 0) {
      const begun = code === null ? /^(?:[1-5]?|[1-5]\d|[1-5]\d\d(?:[ -].*)?)\r?$/.test(line) : true;
      return begun && octets.length < MAX_REPLY_OCTETS ? { kind: 'incomplete' } : { kind: 'invalid' };
    }
    if (code === null) {
      const [, first, mark] = /^([1-5]\d\d)( |-|$)/.exec(line) ?? [];
      if (first === undefined) return { kind: 'invalid' };
      if (mark !== '-') return { kind: 'reply', code: Number(first), length: end + 2 };
      code = first;
    } else if (line === code || line.startsWith(`${code} `)) {
      return { kind: 'reply', code: Number(code), length: end + 2 };
    }
    start = end + 2;
  }
}
