import type { Ffi } from './load.ts';
import type { Layout } from './layouts.ts';

// The buffers that pointers in a structure lead to. A call is given the structure alone, and Windows follows its
// pointers: their targets must live as long as the structure.
const leadsTo = new WeakMap<Uint8Array, Uint8Array[]>();

/** A C structure in memory of ours, by its layout. */
export class Structure<F extends string> {
  readonly octets: Buffer;
  readonly #ffi: Pick<Ffi, 'addressOf'>;
  readonly #layout: Layout<F>;
  readonly #referred: Uint8Array[];

  /** Over `octets` that a call has filled; without them a structure of zeros. */
  constructor(ffi: Pick<Ffi, 'addressOf'>, layout: Layout<F>, octets?: Buffer, referred: Uint8Array[] = []) {
    if (octets !== undefined && octets.length < layout.size) throw new RangeError('too few octets for the structure');
    this.octets = octets ?? Buffer.alloc(layout.size);
    this.#ffi = ffi;
    this.#layout = layout;
    this.#referred = referred;
    leadsTo.set(this.octets, referred);
  }

  /** The structure that is embedded at a field. */
  embedded<G extends string>(field: F, layout: Layout<G>): Structure<G> {
    const start = this.#layout.fields[field];
    return new Structure(this.#ffi, layout, this.octets.subarray(start, start + layout.size), this.#referred);
  }

  uint16(field: F): number {
    return this.octets.readUInt16LE(this.#layout.fields[field]);
  }

  uint32(field: F): number {
    return this.octets.readUInt32LE(this.#layout.fields[field]);
  }

  uint64(field: F): bigint {
    return this.octets.readBigUInt64LE(this.#layout.fields[field]);
  }

  setUint16(field: F, value: number): this {
    this.octets.writeUInt16LE(value, this.#layout.fields[field]);
    return this;
  }

  setUint32(field: F, value: number): this {
    this.octets.writeUInt32LE(value, this.#layout.fields[field]);
    return this;
  }

  setUint64(field: F, value: bigint): this {
    this.octets.writeBigUInt64LE(value, this.#layout.fields[field]);
    return this;
  }

  /** Octets that lie in the structure itself. */
  setOctets(field: F, value: Uint8Array): this {
    this.octets.set(value, this.#layout.fields[field]);
    return this;
  }

  /** Sets a pointer to octets of ours; null is NULL. */
  point(field: F, to: Uint8Array | null): this {
    if (to !== null) this.#referred.push(to);
    return this.setUint64(field, to === null || to.length === 0 ? 0n : this.#ffi.addressOf(to));
  }

  /** Keeps octets alive to which pointers set by `setOctets` lead. */
  keep(octets: Uint8Array): this {
    this.#referred.push(octets);
    return this;
  }

  /** Sets a pointer to a text, zero-terminated UTF-16; null is NULL. */
  pointToText(field: F, text: string | null): this {
    return this.point(field, text === null ? null : wide(text));
  }
}

/** Zero-terminated UTF-16, as Windows takes text. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

/** A buffer that a call filled with structures whose pointers lead into the same buffer. */
export class FilledBuffer {
  readonly octets: Buffer;
  readonly #base: bigint;

  constructor(ffi: Pick<Ffi, 'addressOf'>, octets: Buffer) {
    this.octets = octets;
    this.#base = ffi.addressOf(octets);
  }

  /** A copy of what a pointer leads to; null for NULL. Throws RangeError for a pointer that leads elsewhere. */
  at(pointer: bigint, length: number): Buffer | null {
    if (pointer === 0n) return null;
    const start = Number(pointer - this.#base);
    if (start < 0 || start + length > this.octets.length) throw new RangeError('a pointer leads out of the buffer');
    return Buffer.from(this.octets.subarray(start, start + length));
  }

  /** The zero-terminated UTF-16 text that a pointer leads to; null for NULL. */
  textAt(pointer: bigint): string | null {
    if (pointer === 0n) return null;
    const start = Number(pointer - this.#base);
    if (start < 0 || start >= this.octets.length) throw new RangeError('a pointer leads out of the buffer');
    return textUpToZero(this.octets.subarray(start));
  }
}

/** UTF-16 text up to its terminating zero or the end. */
export function textUpToZero(octets: Buffer): string {
  let end = 0;
  while (end + 1 < octets.length && octets.readUInt16LE(end) !== 0) end += 2;
  return octets.toString('utf16le', 0, end);
}
