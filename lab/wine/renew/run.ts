import type { Io } from '../../../src/cli/io.ts';
import { painter } from '../../../src/cli/output/text.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { recordKeyId } from '../../../src/iis/records/ssl-record.ts';
import type { SslRecord } from '../../../src/ports/windows-host.ts';
import type { CertificateState } from '../../../src/renewal/state/certificate-queries.ts';
import { type BindingResult, checkBindings } from '../../demo/results.ts';
import { readLabKeys } from '../doubles/key-files.ts';
import { ensureLab } from '../lab.ts';
import { findTraces } from '../traces.ts';
import { startWineServer, type WineServer } from './server.ts';

/** The last line of `npm run lab -- renew`. */
export interface LabSummary {
  /** Certificates renewed by the first and by the second run together. */
  readonly renewed: number;
  /** https bindings that served the renewed certificate to a client which trusts only the CA, after each run. */
  readonly verified: number;
  /** Certificates put back by `everbind rollback`, and served again. */
  readonly rolledBack: number;
  /** http.sys records that were switched. */
  readonly records: number;
  /** Whether every other field of every record is as before. */
  readonly fieldsKept: boolean;
  readonly audit: 'ok' | 'broken';
  /** Files of the prefix and the state folder that hold a private key. */
  readonly traces: number;
  /** From the start of node.exe to the end of `everbind scan`, seconds. */
  readonly scanSeconds: number;
  readonly ok: boolean;
}

/** The whole job under Wine, twice, and a roll-back. Prints what the commands print. */
export async function runLabRenewal(io: Io): Promise<LabSummary> {
  const lab = await ensureLab((line) => io.err(`${line}\n`));
  io.out(`${painter(io.colour)('bold', 'Starting')} a Windows server under Wine, and Pebble as the CA …\n`);
  const server = await startWineServer(lab);
  try {
    return await work(io, server);
  } finally {
    await server.stop();
  }
}

async function work(io: Io, server: WineServer): Promise<LabSummary> {
  const paint = painter(io.colour);
  const { host } = server;
  const everbind = async (...args: string[]): Promise<number> => {
    io.out(`\n${paint('bold', `C:\\> everbind ${args.join(' ')}`)}\n`);
    const { status, stdout, stderr } = await server.everbind(args, { timeoutMs: 300_000 });
    io.out(stdout);
    io.err(stderr);
    return status ?? -1;
  };
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await server.everbind([...args, '--json'])).stdout);
  const before = await host.sslRecords.enumerate();
  const managed = async (): Promise<readonly CertificateState[]> =>
    ((await json('list')) as { certificates: readonly CertificateState[] }).certificates;
  const bindings = async (): Promise<readonly BindingResult[]> =>
    checkBindings({
      host,
      rootPem: await server.pebble.rootPem(),
      declared: server.declared,
      inventory: await readInventory(host),
      managed: await managed(),
      before: new Map(before.map(({ key, certificateHash }) => [recordKeyId(key), certificateHash ?? ''])),
    });
  const verified = (results: readonly BindingResult[]): number =>
    results.filter(({ state }) => state === 'verified').length;

  const began = performance.now();
  await everbind('scan');
  const scanSeconds = Math.round(performance.now() - began) / 1000;
  await everbind('renew', '--all-due', '--dry-run');
  const statuses = [await everbind('renew', '--all-due')];
  const first = await managed();
  const firstBindings = await bindings();
  const firstRecords = await host.sslRecords.enumerate();
  statuses.push(await everbind('renew', '--all-due', '--force'));
  const second = await managed();
  const secondBindings = await bindings();
  const name = server.declared.certificates[1]?.name ?? '';
  statuses.push(await everbind('rollback', name, '--yes'), await everbind('scan'), await everbind('audit', 'verify'));
  const third = await managed();
  const lastBindings = await bindings();
  for (const { site, binding, state, reason } of [...firstBindings, ...secondBindings, ...lastBindings]) {
    if (state !== 'verified') io.out(`${paint('red', state)}  ${site}, ${binding}: ${reason}\n`);
  }
  const after = await host.sslRecords.enumerate();
  const { ok: auditOk } = (await json('audit', 'verify')) as { readonly ok: boolean };
  await server.prefix.stop();
  const keys = await readLabKeys(server.prefix.keysFolder);
  const traces = await findTraces(
    server.prefix.folder,
    server.template,
    keys.map(({ privateKey }) => privateKey),
  );
  for (const { file, what } of traces) io.out(`${paint('red', 'private key')}  ${file}: ${what}\n`);

  const renewed = changed(null, first) + changed(first, second);
  const rolledBack = third.filter(
    ({ name: own, active }) =>
      active !== null &&
      active.thumbprint === thumbprintOf(first, own) &&
      active.thumbprint !== thumbprintOf(second, own),
  ).length;
  const switched = before.filter(
    ({ key, certificateHash }) => find(firstRecords, key)?.certificateHash !== certificateHash,
  ).length;
  const fieldsKept = [firstRecords, after].every(
    (records) =>
      records.length === before.length && before.every((record) => sameFields(record, find(records, record.key))),
  );
  const { certificates } = server.declared;
  const all = firstBindings.length;
  return {
    renewed,
    verified: verified(firstBindings) + verified(secondBindings),
    rolledBack,
    records: switched,
    fieldsKept,
    audit: auditOk ? 'ok' : 'broken',
    traces: traces.length,
    scanSeconds,
    ok:
      statuses.every((status) => status === 0) &&
      renewed === 2 * certificates.length &&
      [firstBindings, secondBindings, lastBindings].every((results) => verified(results) === all) &&
      rolledBack === 1 &&
      switched === before.length &&
      fieldsKept &&
      auditOk &&
      traces.length === 0,
  };
}

function thumbprintOf(states: readonly CertificateState[], name: string): string | null {
  return states.find((state) => state.name === name)?.active?.thumbprint ?? null;
}

function changed(before: readonly CertificateState[] | null, after: readonly CertificateState[]): number {
  return after.filter(
    ({ name, active }) => active !== null && (before === null || active.thumbprint !== thumbprintOf(before, name)),
  ).length;
}

function find(records: readonly SslRecord[], key: SslRecord['key']): SslRecord | undefined {
  return records.find((record) => recordKeyId(record.key) === recordKeyId(key));
}

function sameFields(before: SslRecord, after: SslRecord | undefined): boolean {
  const bare = { certificateHash: null, certificateStore: null };
  return after !== undefined && JSON.stringify({ ...before, ...bare }) === JSON.stringify({ ...after, ...bare });
}
