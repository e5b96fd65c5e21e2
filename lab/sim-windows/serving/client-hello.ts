const MAX_HELLO = 64 * 1024;

/** What the first octets of a connection are; `serverName` is '' when the client sent none. */
export type Hello =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'not-tls' }
  | {
      readonly kind: 'hello';
      readonly serverName: string;
      readonly offersTls13: boolean;
      /** Of the ClientHello alone, octets. */
      readonly length: number;
    };

/**
 * Reads the ClientHello (RFC 8446 section 4.1.2, extensions server_name of RFC 6066 section 3 and
 * supported_versions of RFC 8446 section 4.2.1) off the start of a TLS
 * stream.
 */
export function readClientHello(octets: Uint8Array): Hello {
  const handshake: Uint8Array[] = [];
  let length = 0;
  // The message may be spread over several records (RFC 8446 section 5.1).
  for (let offset = 0; ; ) {
    if (length > MAX_HELLO) return { kind: 'not-tls' };
    const message = Buffer.concat(handshake);
    if (message.length >= 4) {
      const size = message.readUIntBE(1, 3);
      if (message[0] !== 1 || size > MAX_HELLO) return { kind: 'not-tls' };
      if (message.length >= 4 + size) return readBody(message.subarray(4, 4 + size));
    }
    const record = Buffer.from(octets.subarray(offset));
    if (record.length > 0 && record[0] !== 22) return { kind: 'not-tls' };
    if (record.length < 5) return { kind: 'incomplete' };
    const size = record.readUInt16BE(3);
    if (record[1] !== 3 || size === 0 || size > 16_384) return { kind: 'not-tls' };
    if (record.length < 5 + size) return { kind: 'incomplete' };
    handshake.push(record.subarray(5, 5 + size));
    length += size;
    offset += 5 + size;
  }
}

function readBody(body: Buffer): Hello {
  let serverName = '';
  let offersTls13 = false;
  const hello = (): Hello => ({ kind: 'hello', serverName, offersTls13, length: body.length });
  try {
    let offset = 2 + 32;
    offset += 1 + body.readUInt8(offset);
    offset += 2 + body.readUInt16BE(offset);
    offset += 1 + body.readUInt8(offset);
    if (offset === body.length) return hello();
    const end = offset + 2 + body.readUInt16BE(offset);
    offset += 2;
    while (offset < end) {
      const type = body.readUInt16BE(offset);
      const size = body.readUInt16BE(offset + 2);
      const data = body.subarray(offset + 4, offset + 4 + size);
      if (data.length !== size) return { kind: 'not-tls' };
      if (type === 0) {
        const nameLength = data.readUInt16BE(3);
        const name = data.subarray(5, 5 + nameLength);
        if (data.readUInt8(2) !== 0 || name.length !== nameLength) return { kind: 'not-tls' };
        serverName = name.toString('latin1');
      }
      if (type === 43) {
        const versions = data.subarray(1, 1 + data.readUInt8(0));
        for (let at = 0; at + 1 < versions.length; at += 2) offersTls13 ||= versions.readUInt16BE(at) === 0x0304;
      }
      offset += 4 + size;
    }
    return hello();
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'not-tls' };
    throw error;
  }
}
