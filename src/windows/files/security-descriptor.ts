import { handleRoom, type Native, numberRoom } from '../ffi/native.ts';

const SDDL_REVISION_1 = 1;

/**
 * A self-relative security descriptor of a text in the security descriptor definition language. Throws WindowsError.
 */
export function securityDescriptor(native: Native, sddl: string): Buffer {
  const { advapi32, kernel32 } = native;
  const [pointer, length] = [handleRoom(), numberRoom()];
  if (advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, pointer, length) === 0) {
    throw native.lastError('ConvertStringSecurityDescriptorToSecurityDescriptorW');
  }
  const address = pointer.readBigUInt64LE();
  try {
    return native.copy(address, length.readUInt32LE());
  } finally {
    kernel32.LocalFree(address);
  }
}
