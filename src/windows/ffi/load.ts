import type { KoffiFunc } from 'koffi';
import { EverbindError } from '../../errors/error.ts';

type Koffi = typeof import('koffi')['default'];

/** A pointer argument: octets of ours, read and written in place; an address that Windows returned; or NULL. */
export type Pointer = Uint8Array | bigint | null;

/** A function of a library. */
export type NativeFunction<F extends (...args: never[]) => unknown> = KoffiFunc<F>;

export interface Library {
  /**
   * Declares a function by its C prototype. Throws WIN_CALL_FAILED with status 127 (ERROR_PROC_NOT_FOUND) when this
   * Windows lacks it.
   */
  func<F extends (...args: never[]) => unknown>(prototype: string): NativeFunction<F>;
  /** The same, but null where this Windows lacks it. */
  optional<F extends (...args: never[]) => unknown>(prototype: string): NativeFunction<F> | null;
}

export interface Ffi {
  /** Usually `C:\\Windows\\System32`. */
  readonly systemFolder: string;
  /** A library of the system folder, by its file name without `.dll`. */
  open(name: string): Library;
  /** The address of octets of ours, which must stay referenced for as long as it is used. */
  addressOf(octets: Uint8Array): bigint;
}

/**
 * Loads koffi, here and nowhere else, so that no other platform ever loads it. Throws WIN_NOT_WINDOWS; WIN_FFI_BLOCKED
 * when this Windows does not load koffi.node or lets it make no call.
 *
 * Libraries are loaded by their full path: Windows would look beside the program first, and anybody who can write there
 * could plant one. kernel32, which every process has already, names the system folder; the environment does not, since
 * the caller of an elevated process may have set it.
 */
export async function loadFfi(): Promise<Ffi> {
  if (process.platform !== 'win32') {
    throw new EverbindError('WIN_NOT_WINDOWS', `this is ${process.platform}, not Windows`, {
      platform: process.platform,
    });
  }
  const { koffi, folder } = await loadKoffi();
  return {
    systemFolder: folder,
    open: (name) => {
      const library = koffi.load(`${folder}\\${name}.dll`);
      const optional: Library['optional'] = (prototype) => {
        try {
          return library.func(prototype) as never;
        } catch (error) {
          if (error instanceof Error && error.message.startsWith('Cannot find function')) return null;
          throw error;
        }
      };
      return {
        optional,
        func: (prototype) => {
          const found = optional(prototype);
          if (found === null) {
            const call = /(\w+)\(/.exec(prototype)?.[1] ?? prototype;
            throw new EverbindError('WIN_CALL_FAILED', `${name}.dll has no ${call}`, { call, status: 127 });
          }
          return found as never;
        },
      };
    },
    addressOf: (octets) => koffi.address(octets),
  };
}

/** koffi, and the system folder by its first call. */
async function loadKoffi(): Promise<{ readonly koffi: Koffi; readonly folder: string }> {
  try {
    const { default: koffi } = await import('koffi');
    const getSystemDirectory = koffi
      .load('kernel32.dll')
      .func('uint32_t __stdcall GetSystemDirectoryW(void *buffer, uint32_t size)') as (
      buffer: Buffer,
      size: number,
    ) => number;
    const path = Buffer.alloc(520);
    const length = getSystemDirectory(path, path.length / 2);
    if (length === 0 || length > path.length / 2) throw new Error('GetSystemDirectoryW failed');
    return { koffi, folder: path.toString('utf16le', 0, length * 2) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const { code } = error as NodeJS.ErrnoException;
    throw new EverbindError(
      'WIN_FFI_BLOCKED',
      `koffi.node, by which Windows is called, does not work here: ${reason}`,
      { reason: code ?? null },
      { cause: error },
    );
  }
}
