import { layouts } from '../ffi/layouts.ts';
import { handleRoom, mustBeZero, type Native } from '../ffi/native.ts';
import { Structure } from '../ffi/structure.ts';

// http.h: HTTPAPI_VERSION 2.0; HTTP_SERVER_PROPERTY.
const VERSION_2 = 2;
const INITIALIZE_SERVER = 1;
const BINDING_PROPERTY = 7;
const PROPERTY_PRESENT = 1;

/** A queue of http.sys in which this process receives requests. */
export interface RequestQueue {
  readonly handle: bigint;
  /**
   * Receives requests below a URL prefix, marked with `context`, until the returned function is called. Throws
   * WindowsError: 183 the prefix is taken, 32 a program without http.sys has the port, 5 not elevated, 87 no prefix.
   */
  register(prefix: string, context: bigint): () => void;
  /** Frees everything. */
  close(): void;
}

/** Throws WindowsError. */
export function openRequestQueue({ httpapi, ffi }: Native): RequestQueue {
  // What has been opened, to be closed in the reverse order.
  const open: (() => void)[] = [];
  try {
    mustBeZero('HttpInitialize', httpapi.HttpInitialize(VERSION_2, INITIALIZE_SERVER, null));
    open.push(() => httpapi.HttpTerminate(INITIALIZE_SERVER, null));
    const [sessionRoom, queueRoom] = [handleRoom(), handleRoom()];
    mustBeZero('HttpCreateServerSession', httpapi.HttpCreateServerSession(VERSION_2, sessionRoom, 0));
    const session = sessionRoom.readBigUInt64LE();
    open.push(() => httpapi.HttpCloseServerSession(session));
    mustBeZero('HttpCreateRequestQueue', httpapi.HttpCreateRequestQueue(VERSION_2, null, null, 0, queueRoom));
    const handle = queueRoom.readBigUInt64LE();
    open.push(() => httpapi.HttpCloseRequestQueue(handle));
    const binding = new Structure(ffi, layouts.HTTP_BINDING_INFO)
      .setUint32('Flags', PROPERTY_PRESENT)
      .setUint64('RequestQueueHandle', handle);

    // One group for each prefix: Wine's http.sys accepts no second prefix in a group.
    const register = (prefix: string, context: bigint): (() => void) => {
      const groupRoom = handleRoom();
      mustBeZero('HttpCreateUrlGroup', httpapi.HttpCreateUrlGroup(session, groupRoom, 0));
      const group = groupRoom.readBigUInt64LE();
      try {
        mustBeZero(
          'HttpSetUrlGroupProperty',
          httpapi.HttpSetUrlGroupProperty(group, BINDING_PROPERTY, binding.octets, binding.octets.length),
        );
        // Last, so that no request arrives before there is a queue for it.
        mustBeZero('HttpAddUrlToUrlGroup', httpapi.HttpAddUrlToUrlGroup(group, prefix, context, 0), { prefix });
      } catch (error) {
        httpapi.HttpCloseUrlGroup(group);
        throw error;
      }
      return () => {
        httpapi.HttpRemoveUrlFromUrlGroup(group, prefix, 0);
        httpapi.HttpCloseUrlGroup(group);
      };
    };
    return { handle, register, close: () => closeAll(open) };
  } catch (error) {
    closeAll(open);
    throw error;
  }
}

function closeAll(open: (() => void)[]): void {
  for (const close of open.splice(0).reverse()) close();
}
