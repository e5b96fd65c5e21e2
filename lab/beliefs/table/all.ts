import type { Belief } from '../belief.ts';
import { tlsHandshakes } from './handshakes.ts';
import { httpSysRecords } from './http-sys-records.ts';
import { httpSysServer } from './http-sys-server.ts';
import { iis } from './iis.ts';
import { keys } from './keys.ts';
import { machine } from './machine.ts';
import { nativeCalls } from './native-calls.ts';
import { stores } from './stores.ts';

export interface BeliefGroup {
  readonly title: string;
  readonly beliefs: readonly Belief[];
}

export const GROUPS: readonly BeliefGroup[] = [
  { title: 'Calls, structures and constants', beliefs: nativeCalls },
  { title: 'Records of http.sys', beliefs: httpSysRecords },
  { title: 'http.sys as an HTTP server', beliefs: httpSysServer },
  { title: 'Keys', beliefs: keys },
  { title: 'Certificate stores', beliefs: stores },
  { title: 'Handshakes', beliefs: tlsHandshakes },
  { title: 'IIS and appcmd', beliefs: iis },
  { title: 'Files, processes and the machine', beliefs: machine },
];

export const BELIEFS: readonly Belief[] = GROUPS.flatMap(({ beliefs }) => beliefs);
