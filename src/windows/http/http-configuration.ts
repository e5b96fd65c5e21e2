import { mustBeZero, type Native } from '../ffi/native.ts';

// http.h: HTTPAPI_VERSION 1.0, the version for configuration calls.
const VERSION_1 = 1;
const INITIALIZE_CONFIG = 2;

/** Runs `work` with the HTTP Server API ready for configuration calls. */
export function configured<T>({ httpapi }: Native, work: () => T): T {
  mustBeZero('HttpInitialize', httpapi.HttpInitialize(VERSION_1, INITIALIZE_CONFIG, null));
  try {
    return work();
  } finally {
    httpapi.HttpTerminate(INITIALIZE_CONFIG, null);
  }
}
