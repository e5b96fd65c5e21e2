/**
 * A GUID as it lies in memory: its first three numbers little-endian. null for what is no
 * `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`.
 */
export function guidOctets(text: string): Buffer | null {
  const match = /^\{([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}$/i.exec(text);
  if (match === null) return null;
  const [, first = '', second = '', third = '', ...rest] = match;
  const numbers = [first, second, third].map((hex) => Buffer.from(hex, 'hex').reverse());
  return Buffer.concat([...numbers, Buffer.from(rest.join(''), 'hex')]);
}

/** The text of 16 octets: in braces, lower case. */
export function guidText(octets: Buffer): string {
  const number = (start: number, end: number): string =>
    Buffer.from(octets.subarray(start, end)).reverse().toString('hex');
  return `{${number(0, 4)}-${number(4, 6)}-${number(6, 8)}-${octets.toString('hex', 8, 10)}-${octets.toString('hex', 10, 16)}}`;
}
