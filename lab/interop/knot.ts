import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TsigKey } from '../../src/dns/wire/tsig.ts';
import type { Processes } from './processes.ts';
import { type LabZone, zoneFile } from './zones.ts';

export interface KnotOptions {
  readonly root: string;
  readonly folder: string;
  readonly port: number;
  readonly address: string;
  readonly key: TsigKey;
  readonly zone: LabZone;
  /** A zone that it fetches from a primary on the same port, when it is told to. */
  readonly secondary: { readonly name: string; readonly primary: string };
}

/** Starts knotd with one zone, in which the key may update TXT records. */
export async function startKnot(processes: Processes, options: KnotOptions): Promise<void> {
  const { root, folder, port, address, key, zone, secondary } = options;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${zone.name}.zone`), zoneFile(zone));
  const file = join(folder, 'knot.conf');
  const text = `server:
  rundir: "${folder}"
  listen: [ ${address}@${port} ]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${folder}"
key:
- id: ${key.name}
  algorithm: ${key.algorithm}
  secret: ${Buffer.from(key.secret).toString('base64')}
acl:
- id: txt
  key: ${key.name}
  action: update
  update-type: [ TXT ]
- id: notify
  address: 127.0.0.0/8
  action: notify
remote:
- id: primary
  address: ${secondary.primary}@${port}
zone:
- domain: ${secondary.name}
  storage: "${folder}"
  master: primary
  acl: notify
- domain: ${zone.name}
  storage: "${folder}"
  file: ${zone.name}.zone
  acl: txt
`;
  await writeFile(file, text, { mode: 0o600 });
  processes.start(root, 'knotd', ['-c', file]);
}
