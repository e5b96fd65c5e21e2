import { open } from 'node:fs/promises';

/**
 * The content of a file, device or pipe, or null when it is larger than `most` octets. Throws the file system's error.
 */
export async function readAtMost(file: string, most: number): Promise<Buffer | null> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    while (length < buffer.length) {
      // A device or a pipe has no size to go by.
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
    return null;
  } finally {
    await handle.close();
  }
}
