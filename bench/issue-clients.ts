import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CaPlace } from '../lab/pebble/front.ts';
import { bundle } from '../tools/build.ts';
import { type IssueFigures, runChild } from './figures.ts';
import { writeIssueConfig } from './issue-config.ts';

/** How a contender is let at the CA. */
export interface Contest {
  readonly ca: CaPlace;
  /** Root that certificates chain to (PEM). */
  readonly rootPem: string;
  /** Whether the client itself must keep Pebble's gate; otherwise a front does. */
  readonly gated: boolean;
}

/**
 * Everbind's engine with its full durable journal, as it is released: bundled, and with the settings that an operator
 * gets who sets none, or so many certificates at a time.
 */
export async function everbind(
  { ca, rootPem, gated }: Contest,
  count: number,
  concurrency?: number,
): Promise<IssueFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-bench-'));
  try {
    await mkdir(join(folder, 'state'), { mode: 0o700 });
    await writeIssueConfig(folder, { ca, rootPem, count, ...(concurrency === undefined ? {} : { concurrency }) });
    await runChild(new URL('issue-prepare.ts', import.meta.url), { folder });
    const program = await bundle('bench/issue-everbind.ts', 'issue-everbind', join(folder, 'dist'));
    return await runChild<IssueFigures>(pathToFileURL(program), { folder, gated });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** npm's acme-client, one process, so many at a time. */
export async function acmeClient({ ca, gated }: Contest, count: number, concurrency: number): Promise<IssueFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-bench-'));
  try {
    const authority = join(folder, 'listener.pem');
    await writeFile(authority, ca.listenerCaPem);
    const argument = { directoryUrl: ca.directoryUrl, count, concurrency, gated };
    return await runChild<IssueFigures>(new URL('issue-acme-client.ts', import.meta.url), argument, {
      NODE_EXTRA_CA_CERTS: authority,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The lean request loop, one process, so many at a time. */
export function ceiling({ ca }: Contest, count: number, concurrency: number): Promise<IssueFigures> {
  const argument = { directoryUrl: ca.directoryUrl, ca: ca.listenerCaPem, count, concurrency };
  return runChild<IssueFigures>(new URL('issue-ceiling.ts', import.meta.url), argument);
}

/** Certificates per second. */
export function rate({ certificates, wallMs }: IssueFigures): number {
  return certificates / (wallMs / 1000);
}

/** Says how one contender fared, and passes its figures on. */
export function told(name: string, figures: IssueFigures): IssueFigures {
  const { certificates, wallMs, cpuMs, peakMiB, requests } = figures;
  console.log(
    `${name}: ${certificates} in ${(wallMs / 1000).toFixed(1)} s, ${rate(figures).toFixed(1)}/s, ${(cpuMs / certificates).toFixed(1)} ms CPU each, ${peakMiB.toFixed(0)} MiB, ${(requests / certificates).toFixed(2)} requests each`,
  );
  return figures;
}
