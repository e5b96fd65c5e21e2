import { X509Certificate } from 'node:crypto';
import { startPebble } from '../../pebble/server.ts';
import { STRANGER } from '../../quirks/certificates.ts';
import type { Quirk } from '../../quirks/quirk.ts';
import { startCaFront } from './front.ts';
import { failures, stepper } from './life.ts';
import { ISSUER, nameOf, startMachine } from './machine.ts';
import { createObserver } from './observer.ts';
import type { SimWindows } from '../../sim-windows/sim-windows.ts';
import type { CaResult, Tally } from './result.ts';

const CERTIFICATES = 3;

/** Renews certificates twice at a CA with this quirk. `idle`: the quirk is left out, which must be noticed. */
export async function playQuirk(quirk: Quirk, { idle = false } = {}): Promise<CaResult> {
  const { machine: trouble = {}, permits = {} } = quirk;
  const pebble = await startPebble(quirk.pebble ?? {});
  const closers: (() => unknown)[] = [() => pebble.stop()];
  try {
    const play = idle ? {} : ((await quirk.play?.(pebble)) ?? {});
    const front = await startCaFront(pebble, play);
    closers.push(() => front.stop());
    const roots = [await pebble.rootPem(trouble.trustedRoot ?? 0)];
    const machine = await startMachine({
      sites: quirk.certificates ?? CERTIFICATES,
      validation: 'http-01',
      names: pebble,
      ca: front,
      roots: trouble.withoutRoots === true ? [] : roots,
    });
    closers.push(() => machine.stop());
    const observer = createObserver(machine.sim, roots);
    const tally: Tally = { renewed: 0, failed: 0, findings: [] };
    const step = stepper({ machine, observer, tally });

    machine.clockAheadMs = idle ? 0 : (trouble.clockAheadMs ?? 0);
    let left: readonly string[] = machine.hosts;
    let attempts = 0;
    for (; left.length > 0 && attempts <= (permits.failedAttempts ?? 0); attempts += 1) {
      const which = attempts === 0 ? ['--all-due'] : [...left.map(nameOf), '--force'];
      const end = await machine.everbind('renew', ...which);
      const fresh = await observer.look(left);
      tally.renewed += fresh.size;
      left = left.filter((host) => !fresh.has(host));
      if (left.length > 0 && attempts === (permits.failedAttempts ?? 0)) {
        tally.failed += left.length;
        tally.findings.push(
          `${left.length} not renewed in ${attempts + 1} attempts; ${failures(end.json) || end.text.trim()}`,
        );
      }
      machine.clockAheadMs = 0;
      if (trouble.withoutRoots === true) await machine.declare(roots);
    }
    if (quirk.rollover !== undefined) {
      const { status, text } = await machine.everbind('account', 'rollover', ISSUER);
      if ((status === 0) !== (quirk.rollover === 'done')) {
        tally.findings.push(`account rollover: exit status ${status}; ${text.trim()}`);
      }
    }
    await step('all again', machine.hosts, ['renew', '--all-due', '--force']);

    const { requests, orders, finalized, played } = front.record();
    const spare = orders.size - finalized.size;
    if (spare > (permits.spareOrders ?? 0)) tally.findings.push(`${spare} orders came to nothing`);
    const needed = trouble.clockAheadMs === undefined && trouble.withoutRoots === undefined;
    if (needed && quirk.play !== undefined && played === 0 && permits.unplayed !== true)
      tally.findings.push('the quirk was never played');
    if (!needed && attempts < 2) tally.findings.push('no attempt failed, so that nothing was shown');
    tally.findings.push(...(await strangersIn(machine.sim)));
    return {
      renewed: tally.renewed,
      failed: tally.failed,
      unusedCertificates: finalized.size - observer.served.size,
      findings: tally.findings,
      figures: { requests, orders: orders.size, issued: finalized.size, served: observer.served.size, played },
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** Certificates that nobody signed have no place in the stores of the machine. */
async function strangersIn({ host }: SimWindows): Promise<readonly string[]> {
  const stored = await Promise.all(
    (['CA', 'Root', 'MY', 'WebHosting'] as const).map((name) => host.certificates.list(name)),
  );
  const strangers = stored.flat().filter(({ der }) => (new X509Certificate(der).subject ?? '').includes(STRANGER));
  return strangers.length === 0 ? [] : [`${strangers.length} certificates beside the path were stored`];
}
