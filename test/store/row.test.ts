import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  count,
  flag,
  integer,
  json,
  octets,
  optionalInteger,
  optionalJson,
  optionalText,
  text,
  word,
} from '../../src/store/row.ts';

test('columns are read as what they are', () => {
  const db = new DatabaseSync(':memory:');
  const row = db.prepare("SELECT 'a' AS t, 7 AS n, x'0102' AS o, NULL AS empty, '[1]' AS j").get() ?? {};
  db.close();
  assert.equal(text(row, 't'), 'a');
  assert.equal(optionalText(row, 't'), 'a');
  assert.equal(optionalText(row, 'empty'), null);
  assert.equal(integer(row, 'n'), 7);
  assert.deepEqual([...octets(row, 'o')], [1, 2]);
  assert.equal(optionalInteger(row, 'empty'), null);
  assert.equal(optionalInteger(row, 'n'), 7);
  assert.equal(flag({ f: 1 }, 'f'), true);
  assert.equal(flag({ f: 0 }, 'f'), false);
  assert.equal(count(undefined), 0);
  assert.equal(count(row), 7);
  assert.equal(word(row, 't', ['b', 'a']), 'a');
  assert.deepEqual(json(row, 'j'), [1]);
  assert.deepEqual(optionalJson(row, 'j'), [1]);
  assert.equal(optionalJson(row, 'empty'), null);
  const wrong = { code: 'STORE_CORRUPT' };
  for (const column of ['n', 'o', 'empty', 'missing']) assert.throws(() => text(row, column), wrong);
  for (const column of ['n', 'o', 'missing']) assert.throws(() => optionalText(row, column), wrong);
  for (const column of ['t', 'o', 'empty', 'missing']) assert.throws(() => integer(row, column), wrong);
  for (const column of ['t', 'n', 'empty', 'missing']) assert.throws(() => octets(row, column), wrong);
  assert.throws(() => word(row, 't', ['b']), wrong);
});
