import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabKeys } from '../../../../lab/wine/doubles/key-files.ts';
import type { WineServer } from '../../../../lab/wine/renew/server.ts';
import { recordKeyText } from '../../../../src/iis/records/ssl-record.ts';
import type { SslRecord } from '../../../../src/ports/windows-host.ts';

/** A native call of a run, as the doubles' journal has it. */
export interface NativeCall {
  readonly name: string;
  /** The how-manieth of this name in its process, from 1. */
  readonly nth: number;
}

/**
 * Runs a command with the journal of native calls on, and returns them: those of the program itself, without appcmd's.
 */
export async function callsOf(server: WineServer, args: readonly string[]): Promise<readonly NativeCall[]> {
  const journal = `calls-${randomBytes(6).toString('hex')}.txt`;
  const { status, stdout } = await server.everbind(args, { env: { EVERBIND_LAB_CALLS: `C:\\${journal}` } });
  assert.equal(status, 0, stdout);
  const lines = (await readFile(join(server.prefix.driveC, journal), 'utf8')).trim().split('\n');
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const name = line.split('\t')[1] ?? '';
    if (name === '' || name.startsWith('appcmd-') || !/^(?:Http|NCrypt)[A-Z]/.test(name)) return [];
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return [{ name, nth }];
  });
}

/** Whether a call changes something that outlives the process. */
export function isChange({ name }: NativeCall): boolean {
  return /^(?:Http(?:Set|Update|Delete)ServiceConfiguration|NCrypt(?:CreatePersistedKey|SetProperty|FinalizeKey|DeleteKey))$/.test(
    name,
  );
}

/** Every record stands, with every other field as it was, on a certificate that is there with its key. */
export async function assertRecordsStand(
  server: WineServer,
  before: readonly SslRecord[],
  what: string,
): Promise<void> {
  const { host, prefix } = server;
  const records = await host.sslRecords.enumerate();
  const bare = (record: SslRecord): string =>
    JSON.stringify({ ...record, certificateHash: null, certificateStore: null });
  assert.deepEqual(new Set(records.map(bare)), new Set(before.map(bare)), what);
  const keys = await readLabKeys(prefix.keysFolder);
  for (const { key, certificateHash, certificateStore } of records) {
    const where = `${what}: ${recordKeyText(key)}`;
    // A record in MY reads back without a store.
    const store = certificateStore ?? 'MY';
    assert.ok(certificateHash !== null && (store === 'MY' || store === 'WebHosting'), where);
    const stored = await host.certificates.find(store, certificateHash);
    assert.ok(stored?.hasPrivateKey === true, where);
    const certificate = new X509Certificate(stored.der);
    assert.ok(
      keys.some(({ privateKey }) => certificate.checkPrivateKey(privateKey)),
      `${where}: its key is gone`,
    );
  }
}

interface Detail {
  readonly issued: readonly { readonly thumbprint: string; readonly status: string }[];
  readonly openStep: string | null;
}

/**
 * A certificate at rest: its bindings have the active one, what is kept is there with its key, nothing else of it is;
 * the log verifies.
 */
export async function assertAtRest(server: WineServer, name: string, what: string): Promise<void> {
  const { host, prefix } = server;
  const { stdout } = await server.everbind(['show', name, '--json']);
  const { issued, openStep } = JSON.parse(stdout) as Detail;
  assert.equal(openStep, null, what);
  const kept = issued.filter(({ status }) => status !== 'retired');
  const active = kept.filter(({ status }) => status === 'active').map(({ thumbprint }) => thumbprint);
  assert.equal(active.length, 1, what);
  const records = await host.sslRecords.enumerate();
  const own = records.filter(({ key }) => key.kind === 'hostnameport' && key.host.includes(`${name}.`));
  assert.ok(own.length > 0);
  for (const record of own) assert.equal(record.certificateHash, active[0], what);
  const stored = [...(await host.certificates.list('MY')), ...(await host.certificates.list('WebHosting'))];
  const ours = stored.filter(({ friendlyName }) => friendlyName?.startsWith(`${name} [Everbind]`) === true);
  assert.deepEqual(
    new Set(ours.map(({ thumbprint }) => thumbprint)),
    new Set(kept.map(({ thumbprint }) => thumbprint)),
    what,
  );
  const keys = (await readLabKeys(prefix.keysFolder)).filter((key) => key.name.startsWith('everbind-'));
  assert.equal(keys.length, kept.length, `${what}: ${keys.map((key) => key.name).join(' ')}`);
  const audit = JSON.parse((await server.everbind(['audit', 'verify', '--json'])).stdout) as { readonly ok: boolean };
  assert.equal(audit.ok, true, what);
}

/** Orders that were made, by the log, and certificates that came of them. */
export async function ordersAndCertificates(server: WineServer): Promise<readonly [orders: number, issued: number]> {
  const { stdout } = await server.everbind(['audit', 'log', '--json']);
  const { events } = JSON.parse(stdout) as {
    readonly events: readonly { readonly type: string; readonly data: { readonly order?: string } }[];
  };
  const orders = events.filter(({ type }) => type === 'order.created' || type === 'order.recovered');
  return [
    new Set(orders.map(({ data }) => data.order)).size,
    events.filter(({ type }) => type === 'certificate.issued').length,
  ];
}
