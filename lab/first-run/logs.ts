import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOGS } from './events.ts';
import type { Tools } from './tools.ts';

const shown: readonly (readonly [file: string, program: string, ...args: string[]])[] = [
  ['sslcert.txt', 'netsh', 'http', 'show', 'sslcert'],
  ['urlacl.txt', 'netsh', 'http', 'show', 'urlacl'],
  ['iplisten.txt', 'netsh', 'http', 'show', 'iplisten'],
  ['servicestate.txt', 'netsh', 'http', 'show', 'servicestate'],
  ['sites.xml', 'inetsrv\\appcmd', 'list', 'site', '/config', '/xml'],
  ['store-my.txt', 'certutil', '-store', 'MY'],
  ['store-webhosting.txt', 'certutil', '-store', 'WebHosting'],
  ['store-ca.txt', 'certutil', '-store', 'CA'],
  ['providers.txt', 'certutil', '-csplist'],
];

/** Writes what the programs of Windows show of the machine into a folder. It has names. */
export async function writeState(tools: Tools, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, program, ...args] of shown) {
    await writeFile(join(folder, file), (await tools.run(program, args)).stdout);
  }
}

/** Writes the events since a moment (RFC 3339) into a folder. They have names. */
export async function writeEvents(tools: Tools, folder: string, since: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const log of LOGS) {
    const query = `/q:*[System[TimeCreated[@SystemTime>='${since}']]]`;
    const { stdout } = await tools.run('wevtutil', ['qe', log, query, '/f:RenderedXml', '/e:Events']);
    await writeFile(join(folder, `${log.replaceAll(/[^A-Za-z0-9]+/g, '-')}.xml`), stdout);
  }
}
