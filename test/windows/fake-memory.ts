import assert from 'node:assert/strict';
import type { Ffi } from '../../src/windows/ffi/load.ts';
import { textUpToZero } from '../../src/windows/ffi/structure.ts';

/** Addresses for octets on a system without koffi, and what lies there. */
export interface FakeMemory {
  readonly ffi: Ffi;
  read(address: bigint, length: number): Buffer;
  /** The zero-terminated UTF-16 text at an address. */
  text(address: bigint): string;
  /** A structure and all that its pointers lead to in one block, pointers changed accordingly, as a call returns it. */
  flattened(octets: Buffer): Buffer;
}

export function fakeMemory(): FakeMemory {
  const places = new Map<Uint8Array, bigint>();
  let next = 0x10_0000_0000n;
  const addressOf = (octets: Uint8Array): bigint => {
    const known = places.get(octets);
    if (known !== undefined) return known;
    const address = next;
    places.set(octets, address);
    next += 0x1_0000n;
    return address;
  };
  const find = (address: bigint): { readonly octets: Uint8Array; readonly start: number } => {
    for (const [octets, base] of places) {
      if (address >= base && address < base + BigInt(octets.length)) return { octets, start: Number(address - base) };
    }
    assert.fail(`nothing is at ${address}`);
  };
  const tail = (address: bigint): Buffer => {
    const { octets, start } = find(address);
    return Buffer.from(octets.subarray(start));
  };
  return {
    ffi: { addressOf, systemFolder: 'C:\\Windows\\System32', open: () => assert.fail('there are no libraries here') },
    read: (address, length) => tail(address).subarray(0, length),
    text: (address) => textUpToZero(tail(address)),
    flattened: (octets) => {
      const room = Buffer.alloc(4096);
      const base = addressOf(room);
      room.set(octets);
      let end = octets.length;
      for (let offset = 0; offset + 8 <= octets.length; offset += 8) {
        const pointer = octets.readBigUInt64LE(offset);
        if (pointer < 0x10_0000_0000n || pointer >= next) continue;
        const target = tail(pointer);
        room.set(target, end);
        room.writeBigUInt64LE(base + BigInt(end), offset);
        end += (target.length + 7) & ~7;
      }
      return room;
    },
  };
}
