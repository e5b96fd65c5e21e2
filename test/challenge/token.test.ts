import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CHALLENGE_PATH, checkedToken, tokenOfPath, urlHost } from '../../src/challenge/token.ts';
import { coded, httpTask } from './support.ts';

test('a token as CAs send it passes', () => {
  const { token } = httpTask();
  assert.equal(checkedToken(token), token);
});

test('names of devices, paths and short or long texts are no tokens', () => {
  const wrong = ['', 'NUL', 'con', 'COM1', '..', '../x', 'a\\b', 'web.config', 'A'.repeat(21), 'A'.repeat(201)];
  for (const token of [...wrong, `${'A'.repeat(30)}\n`, `${'A'.repeat(30)}=`, `${'A'.repeat(30)}/..`]) {
    assert.throws(() => checkedToken(token), coded('CHALLENGE_TOKEN_INVALID'), token);
  }
});

test('no text gets through that could leave its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 220 }), (text) => {
      try {
        assert.match(checkedToken(text), /^[A-Za-z0-9_-]{22,200}$/);
      } catch (error) {
        assert.ok(coded('CHALLENGE_TOKEN_INVALID')(error));
      }
    }),
  );
});

test('the token of a request path, its query aside', () => {
  const { token } = httpTask();
  assert.equal(tokenOfPath(`${CHALLENGE_PATH}${token}`), token);
  assert.equal(tokenOfPath(`${CHALLENGE_PATH}${token}?x=1`), token);
  for (const path of ['/', CHALLENGE_PATH, `${CHALLENGE_PATH}x/${token}`, `/${token}`, `${CHALLENGE_PATH}${token}/`]) {
    assert.equal(tokenOfPath(path), null, path);
  }
});

test('IPv6 hosts stand in brackets', () => {
  assert.equal(urlHost('2001:db8::1'), '[2001:db8::1]');
  assert.equal(urlHost('192.0.2.1'), '192.0.2.1');
  assert.equal(urlHost('shop.example'), 'shop.example');
});
