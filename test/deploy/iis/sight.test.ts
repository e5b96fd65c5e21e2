import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { sameFailure, type Sight } from '../../../src/deploy/iis/sight.ts';

const failed = (code: string, reason: string | null): Sight => ({ kind: 'failed', code, reason });
const ended = (reason: string | null): Sight => failed('VERIFY_HANDSHAKE_FAILED', reason);
const served: Sight = { kind: 'served', thumbprint: 'ab' };

for (const [left, right, same] of [
  [ended('ECONNRESET'), ended('ECONNRESET'), true],
  [ended('ECONNRESET'), ended('EPIPE'), true],
  [ended('ECONNRESET'), ended(null), true],
  [ended('ECONNRESET'), ended('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), false],
  [ended('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), ended('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'), false],
  [failed('VERIFY_CONNECT_FAILED', 'ECONNREFUSED'), failed('VERIFY_CONNECT_FAILED', 'EHOSTUNREACH'), false],
  [failed('VERIFY_CONNECT_FAILED', 'ECONNRESET'), ended('ECONNRESET'), false],
  [failed('VERIFY_TIMEOUT', null), failed('VERIFY_TIMEOUT', null), true],
  [served, served, false],
  [served, ended(null), false],
] as const) {
  test(`${JSON.stringify(left)} and ${JSON.stringify(right)}: ${same ? 'the same failure' : 'not the same'}`, () => {
    equal(sameFailure(left, right), same);
    equal(sameFailure(right, left), same);
  });
}
