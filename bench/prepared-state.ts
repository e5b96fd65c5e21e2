import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from './figures.ts';

/** What bringing a new configuration into the database took, in a process of its own. */
export interface Applied {
  readonly seconds: number;
  readonly peakMiB: number;
}

/**
 * A folder with `everbind.yaml` and `state`, as it is some days after each of `count` certificates was renewed: nothing
 * is due. They are called c0, c1, … and have no deployment.
 */
export async function prepareState(place: string, count: number, directoryUrl: string): Promise<Applied> {
  await mkdir(join(place, 'state'), { recursive: true, mode: 0o700 });
  const certificates = Array.from(
    { length: count },
    (_, index) => `  - { name: c${index}, names: [c${index}.bench.test] }`,
  );
  const configuration = [
    'version: 1',
    'issuers:',
    `  - { name: ca, directory: "${directoryUrl}", termsOfServiceAgreed: true }`,
    'defaults: { deployments: [] }',
    'certificates:',
    ...certificates,
    '',
  ];
  await writeFile(join(place, 'everbind.yaml'), configuration.join('\n'));
  return runChild<Applied>(new URL('idle-prepare.ts', import.meta.url), { folder: place });
}
