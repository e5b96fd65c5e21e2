import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { CHOICE_CODES } from '../../src/challenge/http-01/choose-mode.ts';
import { PERSIST_REASONS } from '../../src/challenge/dns-01/dns-persist.ts';
import { TXT_REASONS } from '../../src/challenge/dns-01/solver.ts';
import { FAILURE_REASONS } from '../../src/challenge/challenge-failure.ts';
import { SELF_CHECK_REASONS } from '../../src/challenge/http-01/self-check-reasons.ts';
import { TLS_ALPN_REASONS } from '../../src/challenge/tls-alpn-01/self-check.ts';
import { CHALLENGE_CHOICES } from '../../src/challenge/choose-challenge.ts';
import { WEB_CONFIG_FORMS } from '../../src/challenge/http-01/web-config.ts';

const page = await readFile(new URL('../../docs/challenges.md', import.meta.url), 'utf8');
const words = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, word]) => word ?? '');

test('docs/challenges.md has a row for every word that programs may see', () => {
  const known = [
    ...CHOICE_CODES,
    ...FAILURE_REASONS,
    ...TXT_REASONS,
    ...Object.keys(CHALLENGE_CHOICES),
    ...Object.keys(PERSIST_REASONS),
    ...Object.keys(TLS_ALPN_REASONS),
    ...Object.keys(SELF_CHECK_REASONS),
    ...WEB_CONFIG_FORMS,
  ];
  assert.deepEqual(
    known.filter((word) => !words.includes(word)),
    [],
  );
  const rows = words.filter((word) => word.includes('-') && !known.includes(word as never) && !word.endsWith('-01'));
  assert.deepEqual(rows, []);
});
