import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaPlace } from '../lab/pebble/front.ts';

/** What `everbind.yaml` of the benchmark says. */
export interface IssueConfig {
  readonly ca: CaPlace;
  /** Root that certificates chain to (PEM). */
  readonly rootPem: string;
  /** Certificates, c0, c1, … of one name each, without deployments. */
  readonly count: number;
  /** Port on which the program responds to http-01; as it chooses unless told. */
  readonly httpPort?: number;
  /** Certificates under way at a time; as the program chooses unless told. */
  readonly concurrency?: number;
}

/** Writes `everbind.yaml` and the roots it names into a folder. */
export async function writeIssueConfig(folder: string, config: IssueConfig): Promise<void> {
  const { ca, rootPem, count, httpPort, concurrency } = config;
  const listener = join(folder, 'listener.pem');
  const root = join(folder, 'root.pem');
  await writeFile(listener, ca.listenerCaPem);
  await writeFile(root, rootPem);
  const certificates = Array.from(
    { length: count },
    (_, index) => `  - { name: c${index}, names: [c${index}.bench.test] }`,
  );
  const configuration = [
    'version: 1',
    ...(concurrency === undefined ? [] : [`engine: { concurrency: ${concurrency} }`]),
    'issuers:',
    `  - { name: pebble, directory: "${ca.directoryUrl}", termsOfServiceAgreed: true, trustRoots: ["${listener}"], certificateRoots: ["${root}"] }`,
    'defaults:',
    '  deployments: []',
    ...(httpPort === undefined ? [] : [`  challenge: { type: http-01, mode: listener, port: ${httpPort} }`]),
    'certificates:',
    ...certificates,
    '',
  ];
  await writeFile(join(folder, 'everbind.yaml'), configuration.join('\n'));
}
