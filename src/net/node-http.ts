import type * as NodeHttp from 'node:http';

/**
 * node:http without its namespace: an import reads every export, and one of them (`WebSocket`) loads all of undici, which doubles the time that
 * Node takes to start.
 */
export const http: typeof NodeHttp = process.getBuiltinModule('node:http');
