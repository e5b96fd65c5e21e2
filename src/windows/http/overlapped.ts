import { layouts } from '../ffi/layouts.ts';
import { type Native, numberRoom } from '../ffi/native.ts';
import { STATUS } from '../status.ts';
import { Structure } from '../ffi/structure.ts';

const STATUS_PENDING = 0x103n;

// Memory that Windows writes to while nothing else refers to it: the garbage collector would free it.
const underWay = new Set<Operation>();

/** One I/O operation that Windows carries out by itself. Nothing waits for it: the caller polls it. */
export interface Operation {
  readonly octets: Buffer;
  /** null while it is under way; then its Win32 status. */
  poll(): number | null;
}

/**
 * Starts an operation on a handle. `start` makes the call with the OVERLAPPED and returns its status; `memory` is what
 * Windows reads or writes meanwhile. The caller must poll it until it has ended, cancelled or not.
 */
export function startOperation(
  native: Native,
  handle: bigint,
  memory: Buffer,
  start: (overlapped: Buffer, memory: Buffer) => number,
): Operation {
  const { kernel32 } = native;
  const event = kernel32.CreateEventW(null, 1, 0, null);
  if (!event) throw native.lastError('CreateEventW');
  const overlapped = new Structure(native.ffi, layouts.OVERLAPPED).setUint64('hEvent', event);
  let ended: number | null = null;
  const end = (status: number): number => {
    ended = status;
    underWay.delete(operation);
    kernel32.CloseHandle(event);
    return status;
  };
  const operation: Operation = {
    octets: memory,
    poll: () => {
      if (ended !== null) return ended;
      // HasOverlappedIoCompleted of minwinbase.h: it reads memory and makes no call.
      if (overlapped.uint64('Internal') === STATUS_PENDING) return null;
      if (kernel32.GetOverlappedResult(handle, overlapped.octets, numberRoom(), 0) !== 0) return end(0);
      const { status } = native.lastError('GetOverlappedResult');
      return status === STATUS.IO_INCOMPLETE ? null : end(status);
    },
  };
  underWay.add(operation);
  const status = start(overlapped.octets, memory);
  // 0: it has ended already, and the structure says so too.
  if (status !== 0 && status !== STATUS.IO_PENDING) end(status);
  return operation;
}
