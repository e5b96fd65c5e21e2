import { siteText, type Inventory } from '../config/inventory-types.ts';
import { recordKeyText } from './ssl-record.ts';

/**
 * Everything that still refers to a certificate (SHA-1, any case), in words: http.sys records of any application, FTP
 * settings of stopped sites too.
 */
export function referencesTo(
  thumbprint: string,
  inventory: Pick<Inventory, 'sites' | 'records' | 'ftpDefaults'>,
): readonly string[] {
  const hash = thumbprint.toLowerCase();
  return [
    ...inventory.records
      .filter(({ certificateHash }) => certificateHash?.toLowerCase() === hash)
      .map(({ key }) => `http.sys record ${recordKeyText(key)}`),
    ...inventory.sites
      .filter(({ ftp }) => ftp?.certificateHash === hash)
      .map((site) => `FTP setting of ${siteText(site)}`),
    ...(inventory.ftpDefaults?.certificateHash === hash ? ['FTP setting of siteDefaults'] : []),
  ];
}
