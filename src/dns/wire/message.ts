import { decodeName, encodeName, malformed } from './name.ts';

// DNS messages (RFC 1035 section 4): a writer for queries and a strict reader for responses.

export const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, TSIG: 250, CAA: 257 } as const;
export type RecordType = Exclude<keyof typeof TYPES, 'TSIG'>;
export const CLASS_IN = 1;
export const CLASS_NONE = 254;
export const CLASS_ANY = 255;

/** RFC 1035 section 4.1.1, RFC 2136 section 2.2; others are their number. */
const RCODES: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
};

/** Content of a record, for the types that are known here. */
export type RecordData =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly address: string }
  | { readonly type: 'NS'; readonly target: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | { readonly type: 'SOA'; readonly primary: string }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'CAA'; readonly flags: number; readonly tag: string; readonly value: string }
  | { readonly type: 'other' };

export interface ResourceRecord {
  readonly name: string;
  readonly typeNumber: number;
  readonly classNumber: number;
  readonly ttl: number;
  readonly data: RecordData;
  /** Where the record, and its content, stand in the message. */
  readonly start: number;
  readonly content: Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  /** RFC 1035 section 4.1.1: AA and TC. */
  readonly authoritative: boolean;
  readonly truncated: boolean;
  /** `NOERROR` and so on. */
  readonly rcode: string;
  readonly questions: readonly { readonly name: string; readonly typeNumber: number; readonly classNumber: number }[];
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

const HEADER = 12;
/** As many as 64 KiB can hold; no real response has a tenth of it. */
const MAX_RECORDS = 4096;

/**
 * A query for one name and type. `recursive`: for a resolver, not for an authoritative server. `unchecked`: CD of RFC
 * 4035.
 */
export function encodeQuery(
  id: number,
  name: string,
  type: RecordType,
  recursive: boolean,
  unchecked = false,
): Uint8Array {
  return Buffer.concat([
    encodeHeader(id, (recursive ? 0x0100 : 0) | (unchecked ? 0x0010 : 0), [1, 0, 0, 0]),
    encodeName(name),
    uint16(TYPES[type]),
    uint16(CLASS_IN),
  ]);
}

/** The header: id, flags, and the number of entries in the four sections. */
export function encodeHeader(id: number, flags: number, counts: readonly [number, number, number, number]): Uint8Array {
  return Buffer.concat([id, flags, ...counts].map(uint16));
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/**
 * Reads a whole message. Throws DNS_QUERY_FAILED (`reason: malformed`) for anything else, and for octets after its end.
 */
export function decodeMessage(octets: Uint8Array): DnsMessage {
  if (octets.length < HEADER) throw malformed('it is shorter than a header');
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const flags = view.getUint16(2);
  const counts = [4, 6, 8, 10].map((at) => view.getUint16(at));
  if (counts.reduce((sum, count) => sum + count, 0) > MAX_RECORDS) throw malformed('too many records');
  let at = HEADER;
  const questions = Array.from({ length: counts[0] ?? 0 }, () => {
    const { name, end } = decodeName(octets, at);
    if (end + 4 > octets.length) throw malformed('it ends within a question');
    at = end + 4;
    return { name, typeNumber: view.getUint16(end), classNumber: view.getUint16(end + 2) };
  });
  const section = (count = 0): readonly ResourceRecord[] =>
    Array.from({ length: count }, () => {
      const record = decodeRecord(octets, view, at);
      at = record.end;
      return record.record;
    });
  const [answers, authority, additional] = [section(counts[1]), section(counts[2]), section(counts[3])];
  if (at !== octets.length) throw malformed('octets follow its end');
  const rcode = flags & 0xf;
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    rcode: RCODES[rcode] ?? String(rcode),
    questions,
    answers,
    authority,
    additional,
  };
}

function decodeRecord(octets: Uint8Array, view: DataView, start: number): { record: ResourceRecord; end: number } {
  const { name, end: head } = decodeName(octets, start);
  if (head + 10 > octets.length) throw malformed('it ends within a record');
  const typeNumber = view.getUint16(head);
  const classNumber = view.getUint16(head + 2);
  const ttl = view.getUint32(head + 4);
  const begin = head + 10;
  const end = begin + view.getUint16(head + 8);
  if (end > octets.length) throw malformed('it ends within a record');
  const content = octets.subarray(begin, end);
  const data: RecordData =
    classNumber === CLASS_IN ? decodeData(octets, typeNumber, begin, end, content) : { type: 'other' };
  return { record: { name, typeNumber, classNumber, ttl, data, start, content }, end };
}

function decodeData(
  octets: Uint8Array,
  typeNumber: number,
  begin: number,
  end: number,
  content: Uint8Array,
): RecordData {
  switch (typeNumber) {
    case TYPES.A:
      if (content.length !== 4) throw malformed('an A record without four octets');
      return { type: 'A', address: content.join('.') };
    case TYPES.AAAA:
      return { type: 'AAAA', address: ipv6Text(content) };
    case TYPES.NS:
    case TYPES.CNAME: {
      const { name, end: after } = decodeName(octets, begin);
      if (after !== end) throw malformed('octets follow a name');
      return { type: typeNumber === TYPES.NS ? 'NS' : 'CNAME', target: name };
    }
    case TYPES.SOA:
      return { type: 'SOA', primary: decodeName(octets, begin).name };
    case TYPES.TXT:
      return { type: 'TXT', text: characterStrings(content) };
    case TYPES.CAA: {
      const tagLength = content[1] ?? 0;
      if (content.length < 2 + tagLength || tagLength === 0) throw malformed('a CAA record without a tag');
      return {
        type: 'CAA',
        flags: content[0] ?? 0,
        tag: Buffer.from(content.subarray(2, 2 + tagLength)).toString('latin1'),
        value: Buffer.from(content.subarray(2 + tagLength)).toString('latin1'),
      };
    }
    default:
      return { type: 'other' };
  }
}

/** The strings of a TXT record, joined as RFC 8555 section 8.4 compares them. Octets as Latin-1. */
function characterStrings(content: Uint8Array): string {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; ) {
    const end = at + 1 + (content[at] ?? 0);
    if (end > content.length) throw malformed('a text is longer than its record');
    parts.push(content.subarray(at + 1, end));
    at = end;
  }
  return Buffer.concat(parts).toString('latin1');
}

function ipv6Text(content: Uint8Array): string {
  if (content.length !== 16) throw malformed('an AAAA record without sixteen octets');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((content[2 * index] ?? 0) << 8) | (content[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
