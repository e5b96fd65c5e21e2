import type { LoggedEvent } from '../../src/selftest/result-file.ts';
import type { Tools } from './tools.ts';

/** Logs in which Windows says what it thinks of keys, certificates, http.sys and programs like ours. */
export const LOGS = [
  'System',
  'Application',
  'Microsoft-Windows-HttpService/Trace',
  'Microsoft-Windows-CAPI2/Operational',
  'Microsoft-Windows-CodeIntegrity/Operational',
  'Microsoft-Windows-AppLocker/EXE and DLL',
  'Microsoft-Windows-IIS-Configuration/Operational',
] as const;

/**
 * Providers of the two general logs that are of interest. Others are programs of somebody, whose names stay out of the
 * file.
 */
const OF_INTEREST =
  /^(?:(?:Microsoft-Windows|Microsoft-IIS)-[\w-]*(?:http|was|w3svc|iis|ftpsvc|tpm|crypto|certificate|capi2)[\w-]*|Schannel|HTTP|WAS|W3SVC|W3SVC-WP|FTPSVC|TPM)$/i;
const MOST = 200;

/** How many events of each kind were logged since a moment (RFC 3339). Their texts have names and stay out. */
export async function loggedEvents(tools: Tools, since: string): Promise<readonly LoggedEvent[]> {
  const found = new Map<string, LoggedEvent>();
  for (const log of LOGS) {
    const { stdout } = await tools.run('wevtutil', [
      'qe',
      log,
      `/q:*[System[TimeCreated[@SystemTime>='${since}']]]`,
      '/f:xml',
    ]);
    for (const [, event = ''] of stdout.toString('latin1').matchAll(/<Event\b(.*?)<\/Event>/gs)) {
      const provider = /<Provider\s+Name=['"]([\w .-]{1,100})['"]/.exec(event)?.[1] ?? '';
      const id = Number(/<EventID[^>]*>(\d{1,5})<\/EventID>/.exec(event)?.[1] ?? 0);
      if ((log === 'System' || log === 'Application') && !OF_INTEREST.test(provider)) continue;
      const key = JSON.stringify([log, id, provider]);
      const count = (found.get(key)?.count ?? 0) + 1;
      if (count > 1 || found.size < MOST) found.set(key, { log, id, provider, count, firstText: null });
    }
  }
  return [...found.values()];
}
