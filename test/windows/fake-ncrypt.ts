import type { Native } from '../../src/windows/ffi/native.ts';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { oldBelief } from '../../lab/beliefs/old-belief.ts';
import { privateKeyOfBlob } from '../../lab/wine/doubles/key-files.ts';
import { fakeMemory } from './fake-memory.ts';

/** A call that was made: its name and what it was about. */
export interface NativeCall {
  readonly name: string;
  readonly about: string;
}

export interface FakeNcrypt {
  readonly native: Native;
  readonly calls: NativeCall[];
  /** Finalized keys by name, with their properties. */
  readonly kept: Map<string, { readonly key: KeyObject; readonly properties: ReadonlyMap<string, Buffer> }>;
  /** Handles that were not freed. */
  readonly open: Set<bigint>;
  /** Status of a call, before it does anything or when all is done; 0 lets it succeed. */
  fault: (call: NativeCall, moment: 'before' | 'after') => number;
}

export interface FakeNcryptOptions {
  /** Forms in which a private key is refused, PKCS8_PRIVATEKEY or a property, and with which status. */
  readonly refusesForm?: Readonly<Record<string, number>>;
  /** Impl Type of the provider. By default software. */
  readonly implementation?: 'software' | 'hardware';
  /** Security Descr Support of the provider; null: it does not know this property. By default 1. */
  readonly descriptors?: number | null;
  /** Properties of a key that are refused, and with which status. */
  readonly refusesProperty?: Readonly<Record<string, number>>;
  /** The status with which NCRYPT_PERSIST_FLAG is refused. */
  readonly refusesPersist?: number;
}

interface Key {
  readonly name: string;
  /** NCrypt's name. */
  readonly algorithm: string;
  /** null until it is finalized, unless it was given. */
  key: KeyObject | null;
  finalized: boolean;
  readonly properties: Map<string, Buffer>;
}

const EXISTS = 0x8009000f;
const BAD_KEYSET = 0x80090016;
const INVALID_HANDLE = 0x80090026;
const NOT_SUPPORTED = 0x80090029;
const PERSIST = 0x80000000;
const DO_NOT_FINALIZE = 0x400;
const PKCS_KEY_NAME = 45;

const privateForms: ReadonlySet<string> = new Set(['PRIVATEBLOB', 'RSAFULLPRIVATEBLOB', 'ECCPRIVATEBLOB']);

/** As much of ncrypt.dll as making and importing a key needs, in memory. One provider, whatever its name. */
export function fakeNcrypt({
  refusesForm = {},
  implementation = 'software',
  descriptors = 1,
  refusesProperty = {},
  refusesPersist = 0,
}: FakeNcryptOptions = {}): FakeNcrypt {
  const refusalOf = (form: string): number => (oldBelief('D14') ? 0 : (refusesForm[form] ?? 0));
  const memory = fakeMemory();
  const keys = new Map<bigint, Key>();
  const fake: FakeNcrypt = { native: null as never, calls: [], kept: new Map(), open: new Set(), fault: () => 0 };
  let next = 1n;
  const opened = (room: Uint8Array): bigint => {
    const handle = next;
    next += 1n;
    fake.open.add(handle);
    Buffer.from(room.buffer, room.byteOffset, room.byteLength).writeBigUInt64LE(handle);
    return handle;
  };
  const call = (name: string, about: string, work: () => number): number => {
    const made = { name, about };
    fake.calls.push(made);
    const before = fake.fault(made, 'before');
    if (before !== 0) return before;
    const status = work();
    return status === 0 ? fake.fault(made, 'after') : status;
  };
  const finalize = (handle: bigint): number => {
    const key = keys.get(handle);
    if (key === undefined || key.finalized) return INVALID_HANDLE;
    key.finalized = true;
    key.key ??= generate(key.algorithm);
    fake.kept.set(key.name, { key: key.key, properties: new Map(key.properties) });
    return 0;
  };
  const onThread = (name: string, work: (handle: bigint) => number): object =>
    Object.assign((handle: bigint) => call(name, '', () => work(handle)), {
      async: (handle: bigint, _flags: number, done: (error: null, status: number) => void) =>
        setImmediate(() =>
          done(
            null,
            call(name, '', () => work(handle)),
          ),
        ),
    });

  const ncrypt = {
    NCryptOpenStorageProvider: (room: Uint8Array, name: string) =>
      call('NCryptOpenStorageProvider', name, () => {
        opened(room);
        return 0;
      }),
    NCryptImportKey: (
      _provider: bigint,
      _wrapping: bigint,
      type: string,
      parameters: Buffer,
      room: Uint8Array,
      data: Uint8Array,
      octets: number,
      flags: number,
    ) =>
      call('NCryptImportKey', `${type} 0x${flags.toString(16)}`, () => {
        const buffer = memory.read(parameters.readBigUInt64LE(8), 16);
        if (buffer.readUInt32LE(4) !== PKCS_KEY_NAME || (flags & DO_NOT_FINALIZE) === 0) return BAD_KEYSET;
        const name = memory.text(buffer.readBigUInt64LE(8));
        if (fake.kept.has(name)) return EXISTS;
        const refused = refusalOf(type);
        if (refused !== 0) return refused;
        const key = createPrivateKey({ key: Buffer.from(data.subarray(0, octets)), format: 'der', type: 'pkcs8' });
        keys.set(opened(room), { name, algorithm: '', key, finalized: false, properties: new Map() });
        return 0;
      }),
    NCryptCreatePersistedKey: (
      _provider: bigint,
      room: Uint8Array,
      algorithm: string,
      name: string,
      _keySpec: number,
      flags: number,
    ) =>
      call('NCryptCreatePersistedKey', `${algorithm} 0x${flags.toString(16)}`, () => {
        if (fake.kept.has(name)) return EXISTS;
        keys.set(opened(room), { name, algorithm, key: null, finalized: false, properties: new Map() });
        return 0;
      }),
    NCryptSetProperty: (handle: bigint, property: string, value: Uint8Array, _octets: number, flags: number) =>
      call('NCryptSetProperty', property, () => {
        const key = keys.get(handle);
        if (key === undefined) return INVALID_HANDLE;
        const refusal = refusesProperty[property] ?? (flags >= PERSIST ? refusesPersist : 0);
        if (refusal !== 0 && !oldBelief('D15')) return refusal;
        if (privateForms.has(property)) {
          const refused = refusalOf(property);
          if (refused === 0) key.key = privateKeyOfBlob(key.algorithm, Buffer.from(value));
          return refused;
        }
        key.properties.set(property, Buffer.from(value));
        return 0;
      }),
    NCryptFinalizeKey: onThread('NCryptFinalizeKey', finalize),
    NCryptOpenKey: (_provider: bigint, room: Uint8Array, name: string) =>
      call('NCryptOpenKey', name, () => {
        const kept = fake.kept.get(name);
        if (kept === undefined) return BAD_KEYSET;
        keys.set(opened(room), { name, algorithm: '', key: kept.key, finalized: true, properties: new Map() });
        return 0;
      }),
    NCryptGetProperty: (handle: bigint, property: string, value: Buffer) =>
      call('NCryptGetProperty', property, () => {
        if (!keys.has(handle)) {
          if (property === 'Impl Type') value.writeUInt32LE(implementation === 'hardware' ? 1 : 2);
          if (property === 'Security Descr Support') value.writeUInt32LE(descriptors ?? 0);
          return property === 'Security Descr Support' && descriptors === null ? NOT_SUPPORTED : 0;
        }
        value.write(`${keys.get(handle)?.key?.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA'}\0`, 'utf16le');
        return 0;
      }),
    NCryptExportKey: (
      handle: bigint,
      _wrapping: bigint,
      type: string,
      _parameters: null,
      blob: Buffer,
      _room: number,
      octets: Buffer,
    ) =>
      call('NCryptExportKey', type, () => {
        const key = keys.get(handle)?.key;
        if (key === undefined || key === null) return INVALID_HANDLE;
        octets.writeUInt32LE(blob.fill(0).write(publicBlob(key).toString('latin1'), 'latin1'));
        return 0;
      }),
    NCryptDeleteKey: (handle: bigint) =>
      call('NCryptDeleteKey', keys.get(handle)?.name ?? '', () => {
        fake.kept.delete(keys.get(handle)?.name ?? '');
        fake.open.delete(handle);
        return 0;
      }),
    NCryptFreeObject: (handle: bigint) => {
      fake.open.delete(handle);
      return 0;
    },
  };
  // The descriptor of a key: any octets will do.
  const advapi32 = {
    ConvertStringSecurityDescriptorToSecurityDescriptorW: (
      text: string,
      _revision: number,
      room: Buffer,
      length: Buffer,
    ) => {
      const octets = Buffer.from(text);
      room.writeBigUInt64LE(memory.ffi.addressOf(octets));
      length.writeUInt32LE(octets.length);
      return 1;
    },
  };
  const native = { ffi: memory.ffi, ncrypt, advapi32, kernel32: { LocalFree: () => null }, copy: memory.read };
  return Object.assign(fake, { native: native as unknown as Native });
}

function generate(algorithm: string): KeyObject {
  if (algorithm === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: algorithm === 'ECDSA_P256' ? 'P-256' : 'P-384' }).privateKey;
}

/** BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB of a key. */
export function publicBlob(key: KeyObject, ecMagic: 'ECS' | 'ECK' = 'ECS'): Buffer {
  const jwk = createPublicKey(key.type === 'private' ? key.export({ type: 'pkcs8', format: 'pem' }) : key).export({
    format: 'jwk',
  });
  const part = (value: string | undefined): Buffer => Buffer.from(value ?? '', 'base64url');
  if (jwk.kty === 'RSA') {
    const [e, n] = [part(jwk.e), part(jwk.n)];
    const header = Buffer.alloc(24);
    header.write('RSA1');
    [n.length * 8, e.length, n.length].forEach((value, index) => header.writeUInt32LE(value, 4 + 4 * index));
    return Buffer.concat([header, e, n]);
  }
  const [x, y] = [part(jwk.x), part(jwk.y)];
  const header = Buffer.alloc(8);
  header.write(`${ecMagic}${x.length === 32 ? 1 : 3}`);
  header.writeUInt32LE(x.length, 4);
  return Buffer.concat([header, x, y]);
}
