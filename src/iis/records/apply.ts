import { EverbindError, errorCode, WindowsError } from '../../errors/error.ts';
import { canonicalHost, hostToUnicode } from '../../pki/x509/names.ts';
import type { SslRecord, SslRecordKey, SslRecords, WindowsHost } from '../../ports/windows-host.ts';
import { recordKeyId, recordKeyText, sameRecord } from './ssl-record.ts';

/** One change, with what it takes to make it, repeat it and restore the record. */
export interface RecordChange {
  readonly key: SslRecordKey;
  /** null when the change creates the record. */
  readonly before: SslRecord | null;
  readonly after: SslRecord;
}

type Host = Pick<WindowsHost, 'sslRecords'>;

/**
 * Makes the changes one after the other, and reads each back. Safe to repeat: changes that are made already are passed
 * over. Writes nothing when any record differs from what the plan saw (IIS_RECORD_CHANGED_BY_OTHERS), and nothing more
 * once one does: Windows has no compare-and-set, so each record is read once more right before it is written.
 * IIS_RECORD_DID_NOT_TAKE when a record reads back different; WIN_CALL_FAILED from Windows. After an error some changes
 * may be made: `restoreRecords` restores the records.
 */
export async function applyChanges(host: Host, changes: readonly RecordChange[]): Promise<void> {
  const found = await readAll(host, changes);
  refuseForeign(found);
  for (const change of changes) {
    const current = await find(host, change.key);
    refuseForeign([{ change, current }]);
    if (stateOf(change, current) !== 'after') await write(host, change.after, current);
  }
}

/**
 * Restores every record to what it was before the changes: rewrites or recreates earlier records, removes created ones.
 * Safe to repeat, also after a kill during `applyChanges` or this. A record that is neither as it was nor as we wrote
 * it belongs to somebody else and is kept (IIS_RECORD_CHANGED_BY_OTHERS, after all others are restored).
 * IIS_RECORD_NOT_RESTORABLE when the certificate that a record had is gone, or its key: nobody can restore it, and it
 * keeps the new one. IIS_RESTORE_FAILED when a record could not be restored otherwise.
 */
export async function restoreRecords(host: Host, changes: readonly RecordChange[]): Promise<void> {
  const foreign: string[] = [];
  const lost: string[] = [];
  const failures: { readonly record: string; readonly error: unknown }[] = [];
  for (const change of changes) {
    const record = recordKeyText(change.key);
    try {
      const current = await find(host, change.key);
      const state = stateOf(change, current);
      if (state === 'foreign') foreign.push(record);
      else if (state !== 'before' && !(await putBack(host, change, current))) lost.push(record);
    } catch (error) {
      // What comes next is for whoever has the lease now.
      if (errorCode(error) === 'STORE_LEASE_LOST') throw error;
      failures.push({ record, error });
    }
  }
  const [first] = failures;
  if (first !== undefined) {
    const records = failures.map((failure) => failure.record);
    const reason = first.error instanceof Error ? first.error.message : String(first.error);
    throw new EverbindError(
      'IIS_RESTORE_FAILED',
      `not restored: ${records.join(', ')}: ${reason}`,
      { records, changedByOthers: foreign, cause: errorCode(first.error) },
      { cause: first.error },
    );
  }
  if (lost.length > 0) {
    const others = foreign.length === 0 ? '' : `; changed by somebody else since it was read: ${foreign.join(', ')}`;
    throw new EverbindError(
      'IIS_RECORD_NOT_RESTORABLE',
      `the certificate before is gone, the new one stays: ${lost.join(', ')}${others}`,
      { records: lost, changedByOthers: foreign },
    );
  }
  if (foreign.length > 0) throw changedByOthers(foreign);
}

/**
 * Which of the two states that we know a record has. `absent`: a record that existed is gone, since a kill interrupted
 * a replacement by delete and set. Writing it loses nobody's record.
 */
function stateOf(change: RecordChange, current: SslRecord | null): 'before' | 'after' | 'absent' | 'foreign' {
  if (current === null) return change.before === null ? 'before' : 'absent';
  if (sameRecord(current, change.after)) return 'after';
  return change.before !== null && sameRecord(current, change.before) ? 'before' : 'foreign';
}

interface Found {
  readonly change: RecordChange;
  readonly current: SslRecord | null;
}

function refuseForeign(found: readonly Found[]): void {
  const foreign = found.filter(({ change, current }) => stateOf(change, current) === 'foreign');
  if (foreign.length > 0) throw changedByOthers(foreign.map(({ change }) => recordKeyText(change.key)));
}

async function readAll(host: Host, changes: readonly RecordChange[]): Promise<readonly Found[]> {
  return Promise.all(changes.map(async (change) => ({ change, current: await find(host, change.key) })));
}

/** The record of this key, in whichever form its host is written: a second one beside it would compete with it. */
async function find({ sslRecords }: Host, key: SslRecordKey): Promise<SslRecord | null> {
  const found = await sslRecords.query(key);
  if (found !== null || !('host' in key)) return found;
  const canonical = canonicalHost(key.host);
  const others = [canonical, hostToUnicode(canonical)].filter((form) => form !== key.host.toLowerCase());
  for (const form of new Set(others)) {
    const other = await sslRecords.query({ ...key, host: form });
    if (other !== null) return other;
  }
  return null;
}

/** http.sys has no certificate and key for this thumbprint: ERROR_NO_SUCH_LOGON_SESSION. */
const CERTIFICATE_GONE = 1312;

/** False when that cannot be done any more, and the record holds the new certificate. */
async function putBack(host: Host, change: RecordChange, current: SslRecord | null): Promise<boolean> {
  if (change.before !== null) {
    try {
      await write(host, change.before, current);
      return true;
    } catch (error) {
      if (!(error instanceof WindowsError) || error.status !== CERTIFICATE_GONE) throw error;
    }
    // Where an update is a removal and a new record, the record may be gone by now.
    const left = await find(host, change.key);
    if (left === null) await write(host, change.after, null);
    return false;
  }
  if (current === null) return true;
  await host.sslRecords.remove(current.key);
  if ((await host.sslRecords.query(current.key)) !== null) throw didNotTake(change.key, 'it is still there');
  return true;
}

async function write(host: Host, record: SslRecord, current: SslRecord | null): Promise<void> {
  const records: SslRecords = host.sslRecords;
  const key = current?.key ?? record.key;
  if (current === null) await records.set(record);
  else await records.update({ ...record, key });
  const readBack = await records.query(key);
  if (readBack === null) throw didNotTake(record.key, 'it is not there');
  if (!sameRecord(readBack, record)) {
    throw didNotTake(record.key, `it reads back with certificate ${readBack.certificateHash ?? '(none)'}`);
  }
}

function didNotTake(key: SslRecordKey, reason: string): EverbindError {
  const record = recordKeyText(key);
  return new EverbindError('IIS_RECORD_DID_NOT_TAKE', `http.sys record ${record} was written, but ${reason}`, {
    record,
    id: recordKeyId(key),
  });
}

function changedByOthers(records: readonly string[]): EverbindError {
  return new EverbindError(
    'IIS_RECORD_CHANGED_BY_OTHERS',
    `changed by somebody else since it was read: ${records.join(', ')}`,
    { records },
  );
}
