import { mkdirSync } from 'node:fs';
import { oldBelief } from '../../lab/beliefs/old-belief.ts';
import { WindowsError } from '../../src/errors/error.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { fakeMemory } from './fake-memory.ts';

/** Who a process runs as: its SID, and whether the group of administrators is enabled in its token. */
export interface Account {
  readonly sid: string;
  readonly administrator: boolean;
}

/**
 * Folders of this machine with owner and access list as Windows keeps them, as much of it as a private folder needs.
 * Objects that a token's process makes belong to the token's default owner: the account itself, or Administrators where
 * a policy says so (https://learn.microsoft.com/windows/win32/secauthz/default-owner); here to the account.
 */
export interface FakeFolders {
  /** The calls of a process of this account. */
  as(account: Account): Native;
  /** Owner and access list of a folder, as SDDL. */
  descriptorOf(path: string): string | undefined;
  /** Gives a file that is there an owner and an access list. */
  describe(path: string, sddl: string): void;
}

export function fakeFolders(): FakeFolders {
  const memory = fakeMemory();
  const descriptors = new Map<string, string>();
  // Texts, SIDs and descriptors that calls return: each has its number for an address.
  const returned: string[] = [''];
  const put = (room: Uint8Array, text: string): number => {
    returned.push(text);
    Buffer.from(room.buffer, room.byteOffset, room.byteLength).writeBigUInt64LE(BigInt(returned.length - 1));
    return 1;
  };
  const at = (address: bigint): string => returned[Number(address)] ?? '';
  let status = 0;

  const as = ({ sid, administrator }: Account): Native => {
    const defaultOwner = administrator && oldBelief('D19') ? 'BA' : sid;
    const advapi32 = {
      ConvertStringSidToSidW: (text: string, room: Uint8Array) => put(room, text),
      CheckTokenMembership: (_token: null, _sid: bigint, answer: Uint8Array) => {
        answer[0] = administrator ? 1 : 0;
        return 1;
      },
      OpenProcessToken: (_process: bigint, _access: number, room: Uint8Array) => put(room, 'token'),
      GetTokenInformation: (_token: bigint, _kind: number, room: Uint8Array) => put(room, sid),
      ConvertSidToStringSidW: (address: bigint, room: Uint8Array) => put(room, at(address)),
      ConvertStringSecurityDescriptorToSecurityDescriptorW: (
        text: string,
        _revision: number,
        room: Uint8Array,
        length: Uint8Array,
      ) => {
        Buffer.from(length.buffer, length.byteOffset, 4).writeUInt32LE(text.length * 2);
        return put(room, text);
      },
      GetNamedSecurityInfoW: (path: string, ...rest: readonly unknown[]) => {
        put(rest.at(-1) as Uint8Array, descriptors.get(path) ?? '');
        return 0;
      },
      ConvertSecurityDescriptorToStringSecurityDescriptorW: (
        address: bigint,
        _revision: number,
        _information: number,
        room: Uint8Array,
      ) => put(room, at(address)),
    };
    const kernel32 = {
      LocalFree: () => 0n,
      CloseHandle: () => 1,
      CreateDirectoryW: (path: string, attributes: Uint8Array) => {
        const pointer = Buffer.from(attributes.buffer, attributes.byteOffset, attributes.byteLength).readBigUInt64LE(8);
        const text = memory.text(pointer);
        try {
          mkdirSync(path);
        } catch {
          status = 183;
          return 0;
        }
        descriptors.set(path, text.startsWith('O:') ? text : `O:${defaultOwner}${text}`);
        return 1;
      },
    };
    return {
      ffi: memory.ffi,
      kernel32,
      advapi32,
      lastError: (call: string) => new WindowsError(call, status),
      copy: (address: bigint, length: number) => Buffer.from(at(address), 'utf16le').subarray(0, length),
      copyText: at,
    } as unknown as Native;
  };
  return {
    as,
    descriptorOf: (path) => descriptors.get(path),
    describe: (path, sddl) => void descriptors.set(path, sddl),
  };
}
