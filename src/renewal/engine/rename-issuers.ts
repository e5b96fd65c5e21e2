import type { Transaction } from '../../store/store.ts';
import { renameBuckets } from '../ratelimits/buckets.ts';
import { renameAccounts } from '../state/account-table.ts';
import { renameIssued } from '../state/issued-table.ts';
import { renameHealth } from '../state/issuer-health.ts';
import { renameRenewals } from '../state/renewal-table.ts';

/** Keeps whatever is known of these issuers under their new names: `renamed` leads from the old ones to them. */
export function renameIssuers({ db, audit }: Transaction, renamed: ReadonlyMap<string, string>): void {
  for (const [from, to] of renamed) {
    for (const rename of [renameAccounts, renameHealth, renameIssued, renameRenewals, renameBuckets]) {
      rename(db, from, to);
    }
    audit({ type: 'issuer.renamed', subject: to, data: { from } });
  }
}
