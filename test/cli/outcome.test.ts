import { doesNotMatch, match } from 'node:assert/strict';
import { test } from 'node:test';
import { printOutcome } from '../../src/cli/output/outcome.ts';
import type { EndpointCheck, EndpointOutcome } from '../../src/ports/deployment.ts';
import { recorder } from '../lab/demo/support.ts';

// What a person reads of a renewal: renewed is not yet seen.

const NOW = Date.UTC(2026, 5, 1);

function check(outcome: EndpointOutcome, code: string | null = null): EndpointCheck {
  return {
    endpoint: '127.0.0.1:443',
    host: 'x.test',
    outcome,
    code,
    message: '',
    servedThumbprint: null,
    findings: [],
  };
}

function printed(...endpoints: readonly EndpointCheck[]): string {
  return print(endpoints, true);
}

function print(endpoints: readonly EndpointCheck[], inUse: boolean): string {
  const { io, out } = recorder();
  const renewed = { kind: 'renewed', name: 'shop', thumbprint: 'ab', inUse, changes: 1, skipped: [] } as const;
  printOutcome({ ...io, columns: 200 }, { ...renewed, notAfter: NOW + 9e9, nextDue: NOW + 5e9, endpoints }, NOW);
  return out();
}

test('endpoints that could not be verified before either are not called verified', () => {
  const text = printed(check('failed-before', 'VERIFY_HANDSHAKE_FAILED'), check('not-checked', 'address-absent'));
  match(text, /^renewed .*1 endpoint could not be verified before either/);
  doesNotMatch(text, /\bverified,/);
  match(text, /127\.0\.0\.1:443 \(x\.test\): not checked/);
});

test('one verified endpoint is enough, and the others are listed', () => {
  const text = printed(check('verified'), check('shadowed', 'ip-record-beside-sni'));
  match(text, /^renewed .*1 endpoint verified/);
  match(text, /served by another record/);
});

test('nothing to look at, nothing that could be looked at, and nothing seen are told apart', () => {
  match(printed(), /no endpoint to verify/);
  match(print([], false), /^renewed .*: \d+ days, issued, not in use,/);
  match(printed(check('not-checked', 'site-stopped')), /no endpoint could be checked/);
  match(printed(check('shadowed', 'ip-record-beside-sni')), /no endpoint verified/);
});

test('a certificate that was deployed again is not called renewed', () => {
  const { io, out } = recorder();
  const renewed = {
    kind: 'renewed',
    name: 'shop',
    thumbprint: 'ab',
    changes: 1,
    skipped: [],
    again: true,
    inUse: true,
  } as const;
  printOutcome({ ...io, columns: 200 }, { ...renewed, notAfter: NOW + 9e9, nextDue: NOW + 5e9, endpoints: [] }, NOW);
  match(out(), /^deployed {4}shop/);
});
