/**
 * The presentation form of a TXT value (RFC 1035 section 5.1): in quotes, with quote and backslash escaped. Hosts that
 * take records as a zone file has them want it.
 */
export function quoteTxt(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/**
 * The value of a TXT record in presentation form, of one or more character strings. Text without quotes is the value
 * itself.
 */
export function unquoteTxt(text: string): string {
  const trimmed = text.trim();
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(trimmed)) return text;
  const strings = trimmed.match(/"(?:[^"\\]|\\.)*"/gs) ?? [];
  return strings.map((string) => string.slice(1, -1).replace(/\\(\d{3}|.)/gs, unescape)).join('');
}

function unescape(_match: string, escaped: string): string {
  return escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped;
}
