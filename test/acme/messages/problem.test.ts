import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acmeErrorType, AcmeProblemError, decodeProblem } from '../../../src/acme/messages/problem.ts';

test('subproblems with their identifiers', () => {
  const problem = decodeProblem({
    type: 'urn:ietf:params:acme:error:malformed',
    detail: 'Some identifiers were rejected',
    status: 403,
    subproblems: [
      {
        type: 'urn:ietf:params:acme:error:rejectedIdentifier',
        detail: 'no',
        identifier: { type: 'dns', value: '_x.test' },
        subproblems: [{}],
      },
      'nonsense',
    ],
  });
  assert.ok(problem);
  assert.equal(acmeErrorType(problem), 'malformed');
  const [first, ...others] = problem.subproblems;
  assert.equal(others.length, 0);
  assert.deepEqual(first?.identifier, { type: 'dns', value: '_x.test' });
  assert.deepEqual(first?.subproblems, []);
  const error = new AcmeProblemError('ACME_PROBLEM', problem, { httpStatus: 403, retryAfterMs: 5000 });
  assert.deepEqual(error.details['subproblems'], ['_x.test: rejectedIdentifier: no']);
  assert.equal(error.details['retryAfterMs'], 5000);
});

test('members of the wrong kind count as absent; the type survives', () => {
  const problem = decodeProblem({
    type: 'urn:ietf:params:acme:error:rateLimited',
    detail: 7,
    status: '429',
    title: [],
    subproblems: {},
    algorithms: ['ES256', 1],
    instance: 'javascript:x',
  });
  assert.ok(problem);
  assert.equal(acmeErrorType(problem), 'rateLimited');
  assert.equal(problem.detail, '');
  assert.equal(problem.status, null);
  assert.equal(problem.instance, null);
  assert.deepEqual(problem.algorithms, ['ES256']);
  assert.equal(decodeProblem({})?.type, 'about:blank');
  for (const value of [null, 'x', 7, [], undefined]) assert.equal(decodeProblem(value), null);
});

test('a name outside the namespace is no ACME type', () => {
  const problem = decodeProblem({ type: 'https://ca.test/rateLimited' });
  assert.ok(problem);
  assert.equal(acmeErrorType(problem), null);
});

test('property: text that reaches people has no control characters and is bounded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.nat(300), (text, repeats) => {
      const problem = decodeProblem({ detail: text.repeat(repeats), type: text });
      assert.ok(problem);
      assert.ok(problem.detail.length <= 4097);
      assert.doesNotMatch(problem.detail + problem.type, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
