import { readInventory } from '../../iis/inventory.ts';
import type { Inventory } from '../../iis/config/inventory-types.ts';
import { referencesTo } from '../../iis/records/references.ts';
import type { WindowsHost } from '../../ports/windows-host.ts';

/**
 * Removes an old certificate of ours from the stores. Returns false while a record or an FTP setting refers to it, or
 * when it is not ours.
 */
export async function retireFrom(
  host: WindowsHost,
  ownThumbprints: ReadonlyMap<string, string>,
  thumbprint: string,
  inventory: () => Promise<Inventory> = () => readInventory(host),
): Promise<boolean> {
  const hash = thumbprint.toLowerCase();
  if (!ownThumbprints.has(hash)) return false;
  const state = await inventory();
  if (referencesTo(hash, state).length > 0) return false;
  const copies = state.certificates.filter((certificate) => certificate.thumbprint.toLowerCase() === hash);
  for (const copy of copies) {
    // The inventory takes seconds, and somebody may have bound it meanwhile.
    const records = await host.sslRecords.enumerate();
    if (referencesTo(hash, { ...state, records }).length > 0) return false;
    await host.certificates.remove(copy.store, hash);
  }
  return true;
}
