import { layouts } from './layouts.ts';
import { handleRoom, mustBeZero, type Native } from './native.ts';
import { Structure } from './structure.ts';

// http.h: HTTPAPI_VERSION 2.0; HTTP_SERVER_PROPERTY.
const VERSION_2 = 2;
const INITIALIZE_SERVER = 1;
const BINDING_PROPERTY = 7;
const PROPERTY_PRESENT = 1;

/** A queue of http.sys that requests below one URL prefix come to. */
export interface RequestQueue {
  readonly handle: bigint;
  /** Tells http.sys to send no more; requests that are there already can still be answered. */
  unregister(): void;
  /** Gives everything back. */
  close(): void;
}

/** Registers a URL prefix. Throws WindowsError: 183 taken, 32 the port is of a program without http.sys, 5 not elevated, 87 no prefix. */
export function openRequestQueue({ httpapi, ffi }: Native, prefix: string): RequestQueue {
  // What has been opened, to be closed in the reverse order.
  const open: (() => void)[] = [];
  const close = (): void => {
    for (const undo of open.splice(0).reverse()) undo();
  };
  try {
    mustBeZero('HttpInitialize', httpapi.HttpInitialize(VERSION_2, INITIALIZE_SERVER, null));
    open.push(() => httpapi.HttpTerminate(INITIALIZE_SERVER, null));
    const [sessionRoom, groupRoom, queueRoom] = [handleRoom(), handleRoom(), handleRoom()];
    mustBeZero('HttpCreateServerSession', httpapi.HttpCreateServerSession(VERSION_2, sessionRoom, 0));
    const session = sessionRoom.readBigUInt64LE();
    open.push(() => httpapi.HttpCloseServerSession(session));
    mustBeZero('HttpCreateUrlGroup', httpapi.HttpCreateUrlGroup(session, groupRoom, 0));
    const group = groupRoom.readBigUInt64LE();
    open.push(() => httpapi.HttpCloseUrlGroup(group));
    mustBeZero('HttpCreateRequestQueue', httpapi.HttpCreateRequestQueue(VERSION_2, null, null, 0, queueRoom));
    const handle = queueRoom.readBigUInt64LE();
    open.push(() => httpapi.HttpCloseRequestQueue(handle));
    const binding = new Structure(ffi, layouts.HTTP_BINDING_INFO)
      .setUint32('Flags', PROPERTY_PRESENT)
      .setUint64('RequestQueueHandle', handle);
    mustBeZero(
      'HttpSetUrlGroupProperty',
      httpapi.HttpSetUrlGroupProperty(group, BINDING_PROPERTY, binding.octets, binding.octets.length),
    );
    // Last, so that no request comes before there is a queue for it.
    mustBeZero('HttpAddUrlToUrlGroup', httpapi.HttpAddUrlToUrlGroup(group, prefix, 0, 0), { prefix });
    return {
      handle,
      unregister: () => void httpapi.HttpRemoveUrlFromUrlGroup(group, prefix, 0),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
