import type { Socket } from 'node:net';
import type { HttpResponse } from '../../src/ports/transport.ts';
import { endToEnd } from './response.ts';
import type { CutPoint } from './fault.ts';

/**
 * Sends the response as far as it comes and breaks the connection. False where the response has no such point: it has
 * no body.
 */
export function cutResponse(socket: Socket, response: HttpResponse, at: Exclude<CutPoint, 'request'>): boolean {
  const octets = upTo(response, at);
  if (octets === null) return false;
  if (octets.length === 0) socket.destroy();
  else socket.write(octets, () => socket.destroy());
  return true;
}

function upTo(response: HttpResponse, at: Exclude<CutPoint, 'request'>): Buffer | null {
  if (at === 'response') return Buffer.alloc(0);
  const statusLine = `HTTP/1.1 ${response.status} Status\r\n`;
  const headers = endToEnd(response)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  if (at === 'status-line') return Buffer.from(statusLine.slice(0, 11));
  if (at === 'headers') return Buffer.from(`${statusLine}${headers.slice(0, Math.ceil(headers.length / 2))}`);
  const { body } = response;
  if (body.length < 2) return null;
  if (at === 'body') {
    const head = `${statusLine}${headers}content-length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body.subarray(0, Math.ceil(body.length / 2))]);
  }
  // One chunk with all of it, and not the chunk without content that ends the body (RFC 9112 section 7.1).
  const head = `${statusLine}${headers}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
}
