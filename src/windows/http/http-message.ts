import type { Ffi } from '../ffi/load.ts';
import { layouts } from '../ffi/layouts.ts';
import { FilledBuffer, Structure } from '../ffi/structure.ts';

// http.h: HTTP_VERB and HTTP_HEADER_ID.
const VERB_GET = 4;
const VERB_HEAD = 5;
const REQUEST_HEADER_HOST = 28;
const RESPONSE_HEADER_CONTENT_LENGTH = 11;
const RESPONSE_HEADER_CONTENT_TYPE = 12;

/** The parts of a request that matter here. */
export interface ReceivedRequest {
  readonly id: bigint;
  /** The context with which the URL prefix was registered. */
  readonly context: bigint;
  readonly method: 'GET' | 'HEAD' | 'other';
  /** Of the Host header, without port. */
  readonly host: string;
  /** As sent, without query. */
  readonly path: string;
}

/** Reads the HTTP_REQUEST that HttpReceiveHttpRequest filled. Throws RangeError when a pointer leads out of it. */
export function readRequest(ffi: Ffi, octets: Buffer): ReceivedRequest {
  const request = new Structure(ffi, layouts.HTTP_REQUEST, octets);
  const filled = new FilledBuffer(ffi, octets);
  const verb = request.uint32('Verb');
  const target = filled.at(request.uint64('pRawUrl'), request.uint16('RawUrlLength')) ?? Buffer.alloc(0);
  return {
    id: request.uint64('RequestId'),
    context: request.uint64('UrlContext'),
    method: verb === VERB_GET ? 'GET' : verb === VERB_HEAD ? 'HEAD' : 'other',
    host: hostOf(knownHeader(ffi, filled, REQUEST_HEADER_HOST)),
    path:
      target
        .toString('latin1')
        .replace(/^https?:\/\/[^/?]*/i, '')
        .split('?')[0] ?? '',
  };
}

function knownHeader(ffi: Ffi, filled: FilledBuffer, id: number): string {
  const start = layouts.HTTP_REQUEST.fields['Headers.KnownHeaders'] + id * layouts.HTTP_KNOWN_HEADER.size;
  const header = new Structure(ffi, layouts.HTTP_KNOWN_HEADER, filled.octets.subarray(start));
  return filled.at(header.uint64('pRawValue'), header.uint16('RawValueLength'))?.toString('latin1') ?? '';
}

function hostOf(header: string): string {
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
};

/** HTTP_RESPONSE with a text, or with its length alone when `head` is set. */
export function writeResponse(ffi: Ffi, status: number, body: string, head: boolean): Buffer {
  const response = new Structure(ffi, layouts.HTTP_RESPONSE);
  const reason = Buffer.from(reasons[status] ?? '', 'latin1');
  const text = Buffer.from(body, 'utf8');
  response.setUint16('StatusCode', status).setUint16('ReasonLength', reason.length).point('pReason', reason);
  const header = (id: number, value: string): void => {
    const start = layouts.HTTP_RESPONSE.fields['Headers.KnownHeaders'] + id * layouts.HTTP_KNOWN_HEADER.size;
    const octets = Buffer.from(value, 'latin1');
    const known = new Structure(ffi, layouts.HTTP_KNOWN_HEADER)
      .setUint16('RawValueLength', octets.length)
      .point('pRawValue', octets);
    response.octets.set(known.octets, start);
    response.keep(known.octets);
  };
  header(RESPONSE_HEADER_CONTENT_TYPE, 'application/octet-stream');
  header(RESPONSE_HEADER_CONTENT_LENGTH, String(text.length));
  if (!head && text.length > 0) {
    const chunk = new Structure(ffi, layouts.HTTP_DATA_CHUNK)
      .point('FromMemory.pBuffer', text)
      .setUint32('FromMemory.BufferLength', text.length);
    response.setUint16('EntityChunkCount', 1).point('pEntityChunks', chunk.octets);
  }
  return response.octets;
}
