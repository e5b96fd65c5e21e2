import type { Outcome } from '../../renewal/types.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import type { Io } from '../io.ts';
import { painter, printable, wrap } from './text.ts';
import { daysLeft, relativeTime, shortTime } from './time.ts';

/** What became of one certificate, in a few lines. */
export function printOutcome(io: Io, outcome: Outcome, now: number): void {
  const paint = painter(io.colour);
  const say = (text: string): void => {
    for (const line of wrap(printable(text), io.columns - 4)) io.out(`    ${line}\n`);
  };
  switch (outcome.kind) {
    case 'renewed': {
      const verified = outcome.endpoints.filter(({ servedThumbprint }) => servedThumbprint !== null).length;
      const served =
        verified === 0 ? 'no endpoint to verify' : `${verified} endpoint${verified === 1 ? '' : 's'} verified`;
      io.out(
        `${paint('green', 'renewed')}     ${outcome.name}: ${daysLeft(outcome.notAfter, now)} days, ${served}, next ${shortTime(outcome.nextDue)}\n`,
      );
      for (const { target, reason, code } of outcome.untouched) say(`${target}: ${reason} [${code}]`);
      for (const check of outcome.endpoints.filter(({ servedThumbprint }) => servedThumbprint === null))
        say(line(check));
      return;
    }
    case 'rolledBack':
      io.out(`${paint('yellow', 'rolled back')} ${outcome.name} [${outcome.code}]\n`);
      say(outcome.message);
      for (const check of outcome.restored) say(`restored: ${line(check)}`);
      say(`next attempt ${relativeTime(outcome.nextAttempt, now)} (${shortTime(outcome.nextAttempt)})`);
      return;
    case 'failed':
      io.out(`${paint('red', 'failed')}      ${outcome.name} [${outcome.code}]\n`);
      say(outcome.message);
      say(outcome.action);
      say(`next attempt ${relativeTime(outcome.nextAttempt, now)} (${shortTime(outcome.nextAttempt)})`);
      return;
  }
}

function line({ endpoint, host, ok, message, servedThumbprint }: EndpointCheck): string {
  const where = host === '' ? endpoint : `${endpoint} (${host})`;
  const served = servedThumbprint === null ? '' : ` serves ${servedThumbprint}`;
  return `${where}${served}: ${ok ? 'ok' : 'NOT ok'}${message === '' ? '' : `, ${message}`}`;
}
