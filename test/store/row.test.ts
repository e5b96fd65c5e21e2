import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { integer, octets, optionalText, text } from '../../src/store/row.ts';

test('columns are read as what they are', () => {
  const db = new DatabaseSync(':memory:');
  const row = db.prepare("SELECT 'a' AS t, 7 AS n, x'0102' AS o, NULL AS empty").get() ?? {};
  db.close();
  assert.equal(text(row, 't'), 'a');
  assert.equal(optionalText(row, 't'), 'a');
  assert.equal(optionalText(row, 'empty'), null);
  assert.equal(integer(row, 'n'), 7);
  assert.deepEqual([...octets(row, 'o')], [1, 2]);
  const wrong = { code: 'STORE_CORRUPT' };
  for (const column of ['n', 'o', 'empty', 'missing']) assert.throws(() => text(row, column), wrong);
  for (const column of ['n', 'o', 'missing']) assert.throws(() => optionalText(row, column), wrong);
  for (const column of ['t', 'o', 'empty', 'missing']) assert.throws(() => integer(row, column), wrong);
  for (const column of ['t', 'n', 'empty', 'missing']) assert.throws(() => octets(row, column), wrong);
});
