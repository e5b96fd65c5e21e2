import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placesOf, problemsOf } from './read-text.ts';
import { WRONG_FILES } from './wrong-files.ts';

describe('a file with one thing wrong is told with its place, what was found and what was expected', () => {
  for (const { what, text, place, found, expected, suggestion } of WRONG_FILES) {
    it(what, () => {
      const problems = problemsOf(text);
      assert.deepEqual(placesOf(problems), [place]);
      assert.match(problems[0]?.found ?? '', found);
      assert.match(problems[0]?.expected ?? '', expected);
      assert.equal(problems[0]?.suggestion ?? undefined, suggestion);
    });
  }
});
