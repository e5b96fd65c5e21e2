import { formatIp, parseIp } from '../../pki/x509/ip-address.ts';
import { layouts } from '../ffi/layouts.ts';

// winsock2.h; AF_INET6 of Windows differs from that of other systems.
const AF_INET = 2;
const AF_INET6 = 23;

const v4 = layouts.SOCKADDR_IN;
const v6 = layouts.SOCKADDR_IN6;

/**
 * SOCKADDR_IN or SOCKADDR_IN6 (`%7` after an IPv6 address is its scope); null for what is no address or no port from 1
 * to 65535.
 */
export function socketAddress(address: string, port: number): Buffer | null {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return null;
  const [plain = '', scope, ...rest] = address.split('%');
  const octets = parseIp(plain);
  if (octets === null || rest.length > 0 || (scope !== undefined && !/^[0-9]{1,9}$/.test(scope))) return null;
  if (octets.length === 4) {
    if (scope !== undefined) return null;
    const result = Buffer.alloc(v4.size);
    result.writeUInt16LE(AF_INET, v4.fields.sin_family);
    result.writeUInt16BE(port, v4.fields.sin_port);
    result.set(octets, v4.fields.sin_addr);
    return result;
  }
  const result = Buffer.alloc(v6.size);
  result.writeUInt16LE(AF_INET6, v6.fields.sin6_family);
  result.writeUInt16BE(port, v6.fields.sin6_port);
  result.set(octets, v6.fields.sin6_addr);
  result.writeUInt32LE(Number(scope ?? 0), v6.fields.sin6_scope_id);
  return result;
}

/** The same in a SOCKADDR_STORAGE. */
export function socketAddressStorage(address: string, port: number): Buffer | null {
  const octets = socketAddress(address, port);
  if (octets === null) return null;
  const storage = Buffer.alloc(layouts.SOCKADDR_STORAGE.size);
  storage.set(octets);
  return storage;
}

/** The size of the address at the start of these octets, by its family; null for another family. */
export function socketAddressSize(octets: Buffer): number | null {
  const family = octets.readUInt16LE(layouts.SOCKADDR_STORAGE.fields.ss_family);
  if (family === AF_INET) return v4.size;
  return family === AF_INET6 ? v6.size : null;
}

/** Reads SOCKADDR_IN, SOCKADDR_IN6 or SOCKADDR_STORAGE; null for another family. */
export function readSocketAddress(octets: Buffer): { readonly address: string; readonly port: number } | null {
  const size = socketAddressSize(octets);
  if (size === null || octets.length < size) return null;
  const port = octets.readUInt16BE(v4.fields.sin_port);
  if (size === v4.size) {
    return { address: formatIp(octets.subarray(v4.fields.sin_addr, v4.fields.sin_addr + 4)), port };
  }
  const scope = octets.readUInt32LE(v6.fields.sin6_scope_id);
  const address = formatIp(octets.subarray(v6.fields.sin6_addr, v6.fields.sin6_addr + 16));
  return { address: scope === 0 ? address : `${address}%${scope}`, port };
}
