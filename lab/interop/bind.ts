import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TsigKey } from '../../src/dns/wire/tsig.ts';
import type { Processes } from './processes.ts';
import { type LabZone, zoneFile } from './zones.ts';

export interface BindOptions {
  readonly root: string;
  readonly folder: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly keys?: readonly TsigKey[];
  /** The `zone` blocks of the configuration. */
  readonly zones: readonly string[];
  /** Further lines in `options`. */
  readonly options?: readonly string[];
  /** Entries of `trust-anchors`: what is below them has to be signed. */
  readonly trustAnchors?: readonly string[];
}

/** Starts named with a configuration of its own, in the foreground, touching nothing of the system. */
export async function startBind(processes: Processes, settings: BindOptions): Promise<void> {
  const { root, folder, port, addresses, keys = [], zones, options = [], trustAnchors = [] } = settings;
  await mkdir(folder, { recursive: true });
  const listed = (wanted: readonly string[]): string => (wanted.length === 0 ? 'none; ' : `${wanted.join('; ')}; `);
  const text = [
    ...keys.map(({ name, algorithm, secret }) => {
      return `key ${name} { algorithm ${algorithm}; secret "${Buffer.from(secret).toString('base64')}"; };`;
    }),
    'options {',
    `  directory "${folder}"; pid-file none; session-keyfile none; notify no; empty-zones-enable no;`,
    `  dnssec-validation ${trustAnchors.length === 0 ? 'no' : 'yes'};`,
    `  listen-on port ${port} { ${listed(addresses.filter((address) => !address.includes(':')))}};`,
    `  listen-on-v6 port ${port} { ${listed(addresses.filter((address) => address.includes(':')))}};`,
    ...options.map((line) => `  ${line}`),
    '};',
    ...(trustAnchors.length === 0 ? [] : [`trust-anchors { ${trustAnchors.join(' ')} };`]),
    'controls { };',
    ...zones,
    '',
  ].join('\n');
  const file = join(folder, 'named.conf');
  await writeFile(file, text, { mode: 0o600 });
  processes.start(root, 'named', ['-c', file, '-g', '-n', '1', '-U', '1']);
}

/** A primary zone; `policy` is its update-policy. */
export async function bindZone(folder: string, zone: LabZone, policy: string | null): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${zone.name}.zone`), zoneFile(zone));
  const update = policy === null ? '' : ` update-policy { ${policy} };`;
  return `zone "${zone.name}" { type primary; file "${zone.name}.zone";${update} };`;
}
