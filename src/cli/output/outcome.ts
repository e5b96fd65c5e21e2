import type { EndpointCheck, EndpointFinding, EndpointOutcome } from '../../ports/deployment.ts';
import type { Outcome } from '../../renewal/engine/outcome.ts';
import type { Io } from '../io.ts';
import { groupNotes, needsOperator, type NoteGroup, noteText } from './notes.ts';
import { painter, plural, sayWrapped, type Style } from './text.ts';
import { leftText, relativeTime, shortTime } from './time.ts';

/** Words for success and for restored bindings, at most eleven columns. */
export interface OutcomeWords {
  readonly done: string;
  readonly restored: string;
}

const OUTCOMES: Readonly<Record<EndpointOutcome, string>> = {
  verified: 'ok',
  failed: 'NOT ok',
  'failed-before': 'could not be verified before either',
  shadowed: 'served by another record',
  'not-checked': 'not checked',
};

const RENEWAL: OutcomeWords = { done: 'renewed', restored: 'rolled back' };

/**
 * Prints the outcome for one certificate in a few lines. Of what was skipped it prints only what the operator has to
 * look at.
 */
export function printOutcome(io: Io, outcome: Outcome, now: number, words: OutcomeWords = RENEWAL): void {
  const paint = painter(io.colour);
  const head = (style: Style, label: string, text: string): void =>
    sayWrapped(io, paint(style, label) + ' '.repeat(12 - label.length), text, 12);
  const say = (text: string): void => sayWrapped(io, '    ', text, 4);
  switch (outcome.kind) {
    case 'renewed': {
      const { good, text: served } = outcome.inUse
        ? verification(outcome.endpoints)
        : { good: false, text: 'issued, not in use' };
      const left = leftText(outcome.notAfter, now);
      const text = `${outcome.name}: ${left}, ${served}, next ${relativeTime(outcome.nextDue, now)}`;
      head(good ? 'green' : 'yellow', outcome.again === true ? 'deployed' : words.done, text);
      for (const group of groupNotes(outcome.skipped.filter(needsOperator))) say(noteText(group));
      for (const check of outcome.endpoints.filter(({ outcome: came }) => came !== 'verified')) {
        say(line(check));
      }
      for (const group of groupFindings(outcome.endpoints, 'finding')) head('yellow', 'finding', noteText(group));
      const notes = groupFindings(outcome.endpoints, 'note');
      for (const code of new Set(notes.map((group) => group.code))) {
        say(`note: ${notes.find((group) => group.code === code)?.reason} [${code}]`);
      }
      return;
    }
    case 'rolledBack':
      head('yellow', words.restored, `${outcome.name} [${outcome.code}]`);
      say(outcome.message);
      for (const check of outcome.restored) say(`restored: ${line(check)}`);
      say(`next attempt ${relativeTime(outcome.nextAttempt, now)} (${shortTime(outcome.nextAttempt)})`);
      return;
    case 'deferred':
      head('yellow', 'deferred', `${outcome.name} [${outcome.code}]`);
      say(outcome.message);
      say(outcome.action);
      say(`next attempt ${relativeTime(outcome.nextAttempt, now)} (${shortTime(outcome.nextAttempt)})`);
      return;
    case 'failed':
      head('red', 'failed', `${outcome.name} [${outcome.code}]`);
      say(outcome.message);
      say(outcome.action);
      if (outcome.link !== null) say(`lift the pause at ${outcome.link}`);
      say(`next attempt ${relativeTime(outcome.nextAttempt, now)} (${shortTime(outcome.nextAttempt)})`);
      return;
  }
}

/** Renewed is not yet seen: what the handshakes came to, in a few words. */
function verification(endpoints: readonly EndpointCheck[]): { readonly good: boolean; readonly text: string } {
  const lookedAt = endpoints.filter(({ outcome }) => outcome !== 'not-checked');
  const verified = lookedAt.filter(({ outcome }) => outcome === 'verified').length;
  if (verified > 0) return { good: true, text: `${plural(verified, 'endpoint')} verified` };
  if (endpoints.length === 0) return { good: true, text: 'no endpoint to verify' };
  if (lookedAt.length === 0) return { good: false, text: 'no endpoint could be checked' };
  return lookedAt.every(({ outcome }) => outcome === 'failed-before')
    ? { good: false, text: `${plural(lookedAt.length, 'endpoint')} could not be verified before either` }
    : { good: false, text: 'no endpoint verified' };
}

/** What endpoints that passed have to be told about; what several have in common only once. */
function groupFindings(checks: readonly EndpointCheck[], kind: EndpointFinding['kind']): readonly NoteGroup[] {
  return groupNotes(
    checks.flatMap((check) =>
      check.findings
        .filter((found) => found.kind === kind)
        .map(({ code, message }) => ({ target: place(check), code, reason: message })),
    ),
  );
}

function place({ endpoint, host }: EndpointCheck): string {
  return host === '' ? endpoint : `${endpoint} (${host})`;
}

function line(check: EndpointCheck): string {
  const { outcome, message, servedThumbprint } = check;
  const served = servedThumbprint === null ? '' : ` serves ${servedThumbprint}`;
  return `${place(check)}${served}: ${OUTCOMES[outcome]}${message === '' ? '' : `, ${message}`}`;
}
