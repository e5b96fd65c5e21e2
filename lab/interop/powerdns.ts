import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TsigKey } from '../../src/dns/wire/tsig.ts';
import type { Processes } from './processes.ts';
import type { LabZone } from './zones.ts';

export interface PowerDnsOptions {
  readonly root: string;
  readonly folder: string;
  readonly port: number;
  readonly address: string;
  readonly apiPort: number;
  readonly apiKey: string;
  /** May update the zone by DNS. */
  readonly key: TsigKey;
  readonly zone: LabZone;
}

/** Starts pdns_server over an SQLite database with one zone, its HTTP API and DNS updates on. */
export async function startPowerDns(processes: Processes, options: PowerDnsOptions): Promise<void> {
  const { root, folder, port, address, apiPort, apiKey } = options;
  await mkdir(folder, { recursive: true });
  await makeDatabase(options);
  const libraries = readdirSync(join(root, 'usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const settings = {
    launch: 'gsqlite3',
    'gsqlite3-database': join(folder, 'pdns.db'),
    'module-dir': join(root, 'usr/lib', libraries, 'pdns'),
    'local-address': address,
    'local-port': port,
    'socket-dir': folder,
    api: 'yes',
    'api-key': apiKey,
    webserver: 'yes',
    'webserver-address': '127.0.0.1',
    'webserver-port': apiPort,
    'webserver-allow-from': '127.0.0.1',
    dnsupdate: 'yes',
    'allow-dnsupdate-from': '127.0.0.0/8',
    primary: 'yes',
    // Its packet cache would show what was there twenty seconds ago.
    'cache-ttl': 0,
    'query-cache-ttl': 0,
    'negquery-cache-ttl': 0,
    'receiver-threads': 1,
    'distributor-threads': 1,
    guardian: 'no',
    daemon: 'no',
    'write-pid': 'no',
    'security-poll-suffix': '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(folder, 'pdns.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
  processes.start(root, 'pdns_server', [`--config-dir=${folder}`]);
}

async function makeDatabase({ root, folder, key, zone }: PowerDnsOptions): Promise<void> {
  const schema = await readFile(join(root, 'usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'), 'utf8');
  const database = new DatabaseSync(join(folder, 'pdns.db'));
  try {
    database.exec(schema);
    database.prepare("INSERT INTO domains (id, name, type) VALUES (1, ?, 'MASTER')").run(zone.name);
    const add = database.prepare(
      'INSERT INTO records (domain_id, name, type, content, ttl, auth) VALUES (1, ?, ?, ?, 60, 1)',
    );
    const [primary = 'ns1'] = Object.keys(zone.servers);
    add.run(zone.name, 'SOA', `${primary}.${zone.name} hostmaster.${zone.name} 1 86400 86400 864000 0`);
    for (const [host, address] of Object.entries(zone.servers)) {
      add.run(zone.name, 'NS', `${host}.${zone.name}`);
      add.run(`${host}.${zone.name}`, address.includes(':') ? 'AAAA' : 'A', address);
    }
    database
      .prepare('INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, ?, ?)')
      .run(key.name, key.algorithm, Buffer.from(key.secret).toString('base64'));
    database
      .prepare("INSERT INTO domainmetadata (domain_id, kind, content) VALUES (1, 'TSIG-ALLOW-DNSUPDATE', ?)")
      .run(key.name);
  } finally {
    database.close();
  }
}
