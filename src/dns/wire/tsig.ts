import { createHmac, timingSafeEqual } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { CLASS_ANY, decodeMessage, type ResourceRecord, TYPES, uint16, uint32 } from './message.ts';
import { decodeName, encodeName, malformed } from './name.ts';

// Transaction signatures, RFC 8945.

/** The secure algorithms of RFC 8945 section 6, with Node's name of the hash. */
const HASHES = { 'hmac-sha256': 'sha256', 'hmac-sha384': 'sha384', 'hmac-sha512': 'sha512' } as const;
export type TsigAlgorithm = keyof typeof HASHES;
export const TSIG_ALGORITHMS = Object.keys(HASHES) as readonly TsigAlgorithm[];

export interface TsigKey {
  /** Lower-case, without a dot at the end. */
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

export interface SignedMessage {
  readonly octets: Uint8Array;
  /** The signature of the response covers it. */
  readonly mac: Uint8Array;
}

/** Seconds that the two clocks may differ (section 10 recommends it). */
const FUDGE = 300;
/** Octets that may follow the signature: the server's time (section 5.2.3). */
const MAX_OTHER = 6;

/** Appends a TSIG record. `now`: ms since 1970; `requestMac`: for a response. The message must not have one yet. */
export function signMessage(
  message: Uint8Array,
  key: TsigKey,
  now: number,
  fudge = FUDGE,
  requestMac?: Uint8Array,
): SignedMessage {
  const time = Math.floor(now / 1000);
  const signed = variables(key, { time, fudge, error: 0, other: new Uint8Array() });
  const mac = macOf(key, [...before(requestMac), message, signed]);
  const content = Buffer.concat([
    encodeName(key.algorithm),
    uint48(time),
    uint16(fudge),
    uint16(mac.length),
    mac,
    message.subarray(0, 2),
    uint16(0),
    uint16(0),
  ]);
  const record = Buffer.concat([
    encodeName(key.name),
    uint16(TYPES.TSIG),
    uint16(CLASS_ANY),
    uint32(0),
    uint16(content.length),
    content,
  ]);
  const octets = Buffer.concat([message, record]);
  octets.writeUInt16BE(octets.readUInt16BE(10) + 1, 10);
  return { octets, mac };
}

/**
 * Checks that a message is signed with the key, at `now` (ms since 1970); `requestMac` for a response. Throws
 * DNS_CREDENTIALS_REFUSED with `details.reason`: `unsigned`, `wrong-key`, `bad-signature`, `bad-time`, or what the
 * server says (`BADSIG`, `BADKEY`, `BADTIME`, `BADTRUNC`).
 */
export function verifyMessage(octets: Uint8Array, key: TsigKey, now: number, requestMac?: Uint8Array): void {
  const { additional, answers, authority } = decodeMessage(octets);
  const signatures = [...answers, ...authority, ...additional].filter(({ typeNumber }) => typeNumber === TYPES.TSIG);
  const record = additional.at(-1);
  // Section 5.1: one TSIG record, and nothing after it.
  if (record === undefined || record.typeNumber !== TYPES.TSIG) throw refused('unsigned', 'the response is not signed');
  if (signatures.length !== 1 || record.classNumber !== CLASS_ANY || record.ttl !== 0) {
    throw malformed('its TSIG record is not as RFC 8945 has it');
  }
  const tsig = decodeTsig(record);
  const said = ERRORS[tsig.error];
  // Such responses are unsigned, or signed by a wrong clock. All that follows from one is that nothing was done.
  if (said !== undefined) throw refused(said, `the server answers ${said}`);
  if (record.name !== key.name || tsig.algorithm !== key.algorithm) {
    throw refused('wrong-key', 'the response is signed with another key');
  }
  const unsigned = Buffer.from(octets.subarray(0, record.start));
  unsigned.writeUInt16BE(tsig.originalId, 0);
  unsigned.writeUInt16BE(additional.length - 1, 10);
  const wanted = macOf(key, [...before(requestMac), unsigned, variables(key, tsig)]);
  if (tsig.mac.length !== wanted.length || !timingSafeEqual(tsig.mac, wanted)) {
    throw refused('bad-signature', 'the signature of the response is wrong');
  }
  // Only after the signature: the time of a message that anybody could have sent means nothing.
  if (Math.abs(Math.floor(now / 1000) - tsig.time) > tsig.fudge) {
    throw refused('bad-time', 'the response was signed at another time; compare the clocks');
  }
}

/** Section 3. */
const ERRORS: Readonly<Record<number, string>> = { 16: 'BADSIG', 17: 'BADKEY', 18: 'BADTIME', 22: 'BADTRUNC' };

interface Variables {
  /** Seconds since 1970. */
  readonly time: number;
  readonly fudge: number;
  readonly error: number;
  readonly other: Uint8Array;
}

interface Tsig extends Variables {
  readonly algorithm: string;
  readonly mac: Uint8Array;
  readonly originalId: number;
}

function decodeTsig({ content }: ResourceRecord): Tsig {
  // Section 4.2: the algorithm's name is not compressed, so it can be decoded on its own.
  const { name: algorithm, end } = decodeName(content, 0);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (end + 10 > content.length) throw malformed('its TSIG record ends too early');
  const macEnd = end + 10 + view.getUint16(end + 8);
  if (macEnd + 6 > content.length) throw malformed('its TSIG record ends too early');
  const other = content.subarray(macEnd + 6);
  if (other.length !== view.getUint16(macEnd + 4) || other.length > MAX_OTHER) {
    throw malformed('its TSIG record has another length than it says');
  }
  return {
    algorithm,
    time: view.getUint16(end) * 2 ** 32 + view.getUint32(end + 2),
    fudge: view.getUint16(end + 6),
    mac: content.subarray(end + 10, macEnd),
    originalId: view.getUint16(macEnd),
    error: view.getUint16(macEnd + 2),
    other,
  };
}

/** Section 4.3.1. */
function before(requestMac?: Uint8Array): readonly Uint8Array[] {
  return requestMac === undefined ? [] : [uint16(requestMac.length), requestMac];
}

/** Section 4.3.3. */
function variables(key: TsigKey, { time, fudge, error, other }: Variables): Uint8Array {
  return Buffer.concat([
    encodeName(key.name),
    uint16(CLASS_ANY),
    uint32(0),
    encodeName(key.algorithm),
    uint48(time),
    uint16(fudge),
    uint16(error),
    uint16(other.length),
    other,
  ]);
}

function macOf({ algorithm, secret }: TsigKey, parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac(HASHES[algorithm], secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function uint48(value: number): Uint8Array {
  return Buffer.concat([uint16(Math.floor(value / 2 ** 32)), uint32(value % 2 ** 32)]);
}

function refused(reason: string, message: string): EverbindError {
  return new EverbindError('DNS_CREDENTIALS_REFUSED', `TSIG: ${message}`, { reason });
}
