import type { Ffi, Pointer } from './load.ts';

export type HttpApi = ReturnType<typeof httpapi>;

type Change = (service: null, id: number, information: Uint8Array, octets: number, overlapped: null) => number;

/**
 * httpapi.dll: configuration of http.sys, and the HTTP Server API 2.0 (http.h). Every function returns a Win32 status.
 * HTTPAPI_VERSION, which is passed by value, is the number major + 65536 * minor.
 */
export function httpapi(ffi: Ffi) {
  const library = ffi.open('httpapi');
  const change = (name: string): string =>
    `uint32_t __stdcall ${name}(void *service, int32_t id, void *information, uint32_t octets, void *overlapped)`;
  return {
    HttpInitialize: library.func<(version: number, flags: number, reserved: null) => number>(
      'uint32_t __stdcall HttpInitialize(uint32_t version, uint32_t flags, void *reserved)',
    ),
    HttpTerminate: library.func<(flags: number, reserved: null) => number>(
      'uint32_t __stdcall HttpTerminate(uint32_t flags, void *reserved)',
    ),
    HttpQueryServiceConfiguration: library.func<
      (
        service: null,
        id: number,
        input: Pointer,
        inputOctets: number,
        output: Pointer,
        room: number,
        octets: Uint8Array,
        overlapped: null,
      ) => number
    >(
      'uint32_t __stdcall HttpQueryServiceConfiguration(void *service, int32_t id, void *input, uint32_t inputOctets, void *output, uint32_t room, void *octets, void *overlapped)',
    ),
    HttpSetServiceConfiguration: library.func<Change>(change('HttpSetServiceConfiguration')),
    HttpDeleteServiceConfiguration: library.func<Change>(change('HttpDeleteServiceConfiguration')),
    /** Windows Server 2016 does not have it. */
    HttpUpdateServiceConfiguration: library.optional<Change>(change('HttpUpdateServiceConfiguration')),

    HttpCreateServerSession: library.func<(version: number, session: Uint8Array, reserved: number) => number>(
      'uint32_t __stdcall HttpCreateServerSession(uint32_t version, void *session, uint32_t reserved)',
    ),
    HttpCloseServerSession: library.func<(session: bigint) => number>(
      'uint32_t __stdcall HttpCloseServerSession(uint64_t session)',
    ),
    HttpCreateUrlGroup: library.func<(session: bigint, group: Uint8Array, reserved: number) => number>(
      'uint32_t __stdcall HttpCreateUrlGroup(uint64_t session, void *group, uint32_t reserved)',
    ),
    HttpCloseUrlGroup: library.func<(group: bigint) => number>('uint32_t __stdcall HttpCloseUrlGroup(uint64_t group)'),
    HttpSetUrlGroupProperty: library.func<
      (group: bigint, property: number, information: Uint8Array, octets: number) => number
    >(
      'uint32_t __stdcall HttpSetUrlGroupProperty(uint64_t group, int32_t property, void *information, uint32_t octets)',
    ),
    HttpAddUrlToUrlGroup: library.func<(group: bigint, url: string, context: bigint, reserved: number) => number>(
      'uint32_t __stdcall HttpAddUrlToUrlGroup(uint64_t group, str16 url, uint64_t context, uint32_t reserved)',
    ),
    HttpRemoveUrlFromUrlGroup: library.func<(group: bigint, url: string, flags: number) => number>(
      'uint32_t __stdcall HttpRemoveUrlFromUrlGroup(uint64_t group, str16 url, uint32_t flags)',
    ),
    HttpCreateRequestQueue: library.func<
      (version: number, name: null, security: null, flags: number, queue: Uint8Array) => number
    >(
      'uint32_t __stdcall HttpCreateRequestQueue(uint32_t version, str16 name, void *security, uint32_t flags, void *queue)',
    ),
    HttpCloseRequestQueue: library.func<(queue: bigint) => number>(
      'uint32_t __stdcall HttpCloseRequestQueue(void *queue)',
    ),
    HttpReceiveHttpRequest: library.func<
      (
        queue: bigint,
        requestId: number,
        flags: number,
        request: Uint8Array,
        room: number,
        octets: null,
        overlapped: Uint8Array,
      ) => number
    >(
      'uint32_t __stdcall HttpReceiveHttpRequest(void *queue, uint64_t requestId, uint32_t flags, void *request, uint32_t room, void *octets, void *overlapped)',
    ),
    HttpSendHttpResponse: library.func<
      (
        queue: bigint,
        requestId: bigint,
        flags: number,
        response: Uint8Array,
        cachePolicy: null,
        octets: null,
        reserved1: null,
        reserved2: number,
        overlapped: Uint8Array,
        logData: null,
      ) => number
    >(
      'uint32_t __stdcall HttpSendHttpResponse(void *queue, uint64_t requestId, uint32_t flags, void *response, void *cachePolicy, void *octets, void *reserved1, uint32_t reserved2, void *overlapped, void *logData)',
    ),
  };
}
