import type { ServerResponse } from 'node:http';
import type { HttpResponse } from '../../src/ports/transport.ts';

/** The response with another value of this header, or without it for null. */
export function withHeader(response: HttpResponse, name: string, value: string | null): HttpResponse {
  const { [name]: _, ...headers } = response.headers;
  return { ...response, headers: value === null ? headers : { ...headers, [name]: [value] } };
}

/** The response with another JSON body. */
export function withJson(response: HttpResponse, body: unknown): HttpResponse {
  return { ...response, body: Buffer.from(JSON.stringify(body)) };
}

/** Its JSON object; null when the body is none. */
export function jsonOf({ body }: HttpResponse): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

// They belong to one connection (RFC 9110 section 7.6.1), and the length is counted anew.
const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Its headers, those of the connection left out. */
export function endToEnd({ headers }: HttpResponse): readonly (readonly [name: string, value: string])[] {
  return Object.entries(headers)
    .filter(([name]) => !ofConnection.has(name))
    .flatMap(([name, values]) => values.map((value) => [name, value] as const));
}

/** Sends the whole of it. */
export function send(outgoing: ServerResponse, response: HttpResponse): void {
  for (const [name, value] of endToEnd(response)) outgoing.appendHeader(name, value);
  outgoing.sendDate = false;
  outgoing.writeHead(response.status);
  outgoing.end(response.body);
}
