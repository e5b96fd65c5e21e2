import type { IncomingMessage } from 'node:http';

/** More than any request of an ACME client or response of a CA has; octets. */
export const MAX_BODY = 1024 * 1024;

/** What the CA is to see of the client; above all its Host. */
export function forwarded(headers: IncomingMessage['headers']): Record<string, string> {
  const names = ['host', 'user-agent', 'accept', 'accept-language', 'content-type'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new Error('more than an ACME client sends');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
