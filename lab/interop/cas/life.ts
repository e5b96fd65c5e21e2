import type { Authority } from './authorities.ts';
import { type CaFront, startCaFront } from './front.ts';
import { ISSUER, type Machine, nameOf, startMachine } from './machine.ts';
import { createObserver, type Observer } from './observer.ts';
import type { CaResult, Tally } from './result.ts';

/** What is done wrong on purpose, so that the judgement is seen to fail. */
export type LifeSabotage = 'record-sticks' | 'renewed-twice' | 'foreign-certificate' | 'secret-kept';

export interface LifeOptions {
  readonly certificates: number;
  readonly sabotage?: LifeSabotage | undefined;
}

/** An issuance is about a dozen requests; this is far beyond. */
const MOST_LOST = 80;

interface Stage {
  readonly machine: Machine;
  readonly front: CaFront;
  readonly observer: Observer;
  readonly tally: Tally;
}

/**
 * The whole life of certificates at one CA: the first ones, all at once; all again; a roll-back; both kinds of
 * revocation; another account key; and a response lost at each request in turn.
 */
export async function liveThrough(authority: Authority, options: LifeOptions): Promise<CaResult> {
  const running = await authority.start();
  const closers: (() => unknown)[] = [() => running.stop()];
  try {
    const front = await startCaFront(running.ca);
    closers.push(() => front.stop());
    const machine = await startMachine({
      sites: options.certificates,
      validation: authority.validation,
      names: running.names,
      ca: front,
      issuer: authority.issuer ?? {},
      roots: running.roots,
    });
    closers.push(() => machine.stop());
    const tally: Tally = { renewed: 0, failed: 0, findings: [] };
    const stage: Stage = { machine, front, observer: createObserver(machine.sim, running.roots), tally };
    await live(stage, authority, options);
    return result(stage, authority, await lostResponses(stage));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function live({ machine, observer, tally }: Stage, authority: Authority, options: LifeOptions): Promise<void> {
  const { hosts } = machine;
  const [first = '', second = '', third = '', fourth = ''] = hosts;
  const step = stepper({ machine, observer, tally });
  for (const [name, value] of Object.entries(authority.secrets ?? {})) await machine.setSecret(name, value);
  if (options.sabotage === 'record-sticks') {
    await machine.sim.faults.add({ kind: 'record-sticks', key: { kind: 'hostnameport', host: first, port: 443 } });
  }
  await step('the first certificates', hosts, ['renew', '--all-due']);
  if (options.sabotage === 'renewed-twice') await machine.everbind('renew', nameOf(first), '--force');
  if (options.sabotage === 'foreign-certificate') await serveForeign(machine, first);
  await step('all again', hosts, ['renew', '--all-due', '--force']);

  const newest = await observer.now(first);
  await command(machine, tally, ['rollback', nameOf(first), '--yes']);
  const earlier = await observer.now(first);
  if (earlier === null || earlier === newest || !observer.served.has(earlier)) {
    tally.findings.push('after the roll-back visitors do not get the certificate from before');
  }
  await step('a renewal after the roll-back', [first], ['renew', nameOf(first), '--force']);

  if (!authority.lacks.includes('revocation')) {
    await command(machine, tally, ['revoke', nameOf(second), '--yes']);
    await command(machine, tally, ['revoke', nameOf(third), '--with-certificate-key', '--yes']);
    await step('after both revocations', [second, third], ['renew', '--all-due']);
  }
  const rollover = await machine.everbind('account', 'rollover', ISSUER);
  if ((rollover.status === 0) === authority.lacks.includes('key change')) {
    tally.findings.push(`account rollover: exit status ${rollover.status}; ${rollover.text.trim()}`);
  }
  await step('after the account key', [fourth], ['renew', nameOf(fourth), '--force']);
  const traces = await machine.traces();
  for (const [name, value] of Object.entries(authority.secrets ?? {})) {
    const text = options.sabotage === 'secret-kept' ? `${traces}${value}` : traces;
    if (text.includes(value)) tally.findings.push(`the secret ${name} was printed, logged or stored as it is`);
  }
}

/** Runs a command after which all these hosts must serve a new certificate. */
export function stepper({ machine, observer, tally }: Omit<Stage, 'front'>) {
  return async (what: string, hosts: readonly string[], args: readonly string[]): Promise<boolean> => {
    const end = await machine.everbind(...args);
    const fresh = await observer.look(hosts);
    tally.renewed += fresh.size;
    const stale = hosts.filter((host) => !fresh.has(host));
    if (stale.length === 0) return true;
    tally.failed += stale.length;
    tally.findings.push(
      `${what}: ${stale.length} of ${hosts.length} not renewed; ${failures(end.json) || end.text.trim()}`,
    );
    return false;
  };
}

async function command(machine: Machine, tally: Tally, args: readonly string[]): Promise<void> {
  const { status, text } = await machine.everbind(...args);
  if (status !== 0) tally.findings.push(`everbind ${args.join(' ')}: exit status ${status}; ${text.trim()}`);
}

/** Codes and messages of what failed, each once. */
export function failures(json: Readonly<Record<string, unknown>> | null): string {
  const outcomes = (json?.['certificates'] ?? []) as readonly { readonly code?: string; readonly message?: string }[];
  return [...new Set(outcomes.flatMap(({ code, message }) => (code === undefined ? [] : `${code} ${message}`)))].join(
    '; ',
  );
}

/** From now on the record of this host has the certificate from before Everbind came, for the same name. */
async function serveForeign({ sim, seeded }: Machine, host: string): Promise<void> {
  const [record] = (await sim.snapshot()).records.filter(({ key }) => key.kind === 'hostnameport' && key.host === host);
  const [before] = seeded.filter(({ hosts }) => hosts.includes(host));
  if (record === undefined || before === undefined) throw new Error(`${host} has no record`);
  await sim.host.sslRecords.update({
    ...record,
    certificateHash: before.thumbprint,
    certificateStore: before.store,
  });
  await sim.faults.add({ kind: 'record-sticks', key: record.key });
}

/** The n-th response of a renewal is lost, n = 1, 2, … until a renewal has fewer. */
async function lostResponses({
  machine,
  front,
  observer,
  tally,
}: Stage): Promise<{ lost: number; lostOrders: number }> {
  const host = machine.hosts.at(-1) ?? '';
  let lostOrders = 0;
  for (let number = 1; number <= MOST_LOST; number += 1) {
    const { lost } = front.loseResponse(number);
    let end = await machine.everbind('renew', nameOf(host), '--force');
    if (lost() === 'new-order') lostOrders += 1;
    let fresh = await observer.look([host]);
    if (fresh.size === 0) {
      end = await machine.everbind('renew', nameOf(host), '--force');
      fresh = await observer.look([host]);
    }
    tally.renewed += fresh.size;
    if (fresh.size === 0) {
      tally.failed += 1;
      tally.findings.push(
        `response ${number} (${lost() ?? 'none'}) lost: not renewed in two attempts; ${failures(end.json) || end.text.trim()}`,
      );
    }
    if (lost() === null) return { lost: number - 1, lostOrders };
  }
  tally.findings.push(`a renewal has more than ${MOST_LOST} requests`);
  return { lost: MOST_LOST, lostOrders };
}

function result(
  { front, observer, tally }: Stage,
  authority: Authority,
  { lost, lostOrders }: { readonly lost: number; readonly lostOrders: number },
): CaResult {
  const { requests, orders, finalized } = front.record();
  const findings = [...tally.findings];
  const spare = orders.size - finalized.size;
  const permitted = authority.lacks.includes('order list') ? lostOrders : 0;
  if (spare > permitted) findings.push(`${spare} orders came to nothing; ${permitted} may`);
  if (lost < LEAST_LOST) findings.push(`only ${lost} responses were lost`);
  if (observer.served.size > finalized.size) findings.push('more certificates were served than the CA issued');
  return {
    renewed: tally.renewed,
    failed: tally.failed,
    unusedCertificates: finalized.size - observer.served.size,
    findings,
    figures: { requests, orders: orders.size, issued: finalized.size, served: observer.served.size, lost },
  };
}

/** Directory, nonce, order, authorization, challenge, order, finalize, certificate. */
const LEAST_LOST = 7;
