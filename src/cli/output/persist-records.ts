import type { PersistRecord } from '../../renewal/issuers/acme/account/persist-records.ts';
import type { Io } from '../io.ts';
import { painter, printable } from './text.ts';

/** Each record as it stands in a zone file, and whether it is there. */
export function printPersistRecords(io: Io, name: string, records: readonly PersistRecord[]): void {
  const paint = painter(io.colour);
  if (records.length === 0) io.out(`No name of ${name} is proved by dns-persist-01.\n`);
  for (const { issuer, record, value, hashed, problem } of records) {
    const state = problem === null ? paint('green', 'there') : paint('yellow', printable(problem));
    // Not wrapped: it is to be copied.
    io.out(`${paint('bold', issuer)}: ${state}\n  ${record}. TXT ${quoted(value)}\n`);
    if (hashed) io.out('  It names the key of the account: another key needs another record.\n');
  }
}

/** A character string of a TXT record holds 255 octets (RFC 1035 section 3.3.14). */
function quoted(value: string): string {
  return (printable(value).match(/.{1,255}/g) ?? ['']).map((part) => `"${part}"`).join(' ');
}
