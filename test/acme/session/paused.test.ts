import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkResponse } from '../../../src/acme/session/response.ts';
import { AcmeProblemError, blankProblem, type Problem, unpauseUrl } from '../../../src/acme/messages/problem.ts';
import { RESOURCES } from '../../../src/acme/messages/resource.ts';

const link = 'https://portal.ca.test/sfe/v1/unpause?jwt=aaa.bbb.ccc';
const problem = (type: string, detail: string, instance: string | null = null): Problem => ({
  ...blankProblem(detail),
  type: `urn:ietf:params:acme:error:${type}`,
  instance,
});

it('a pause is told by the address where it is lifted, wherever that stands and whatever is said around it', () => {
  assert.equal(unpauseUrl(problem('rateLimited', `Your account is prevented. Please visit: ${link}`)), link);
  assert.equal(unpauseUrl(problem('rateLimited', `besuchen Sie <${link}>.`)), link);
  assert.equal(unpauseUrl(problem('rateLimited', `(${link}).`)), link);
  assert.equal(unpauseUrl(problem('rateLimited', 'see there', link)), link);
  assert.equal(unpauseUrl(problem('userActionRequired', 'see there', link)), link);
});

it('other limits, other problems and other addresses are none', () => {
  const limits = 'too many certificates already issued: see https://ca.test/docs/rate-limits/#new-orders';
  for (const one of [
    problem('rateLimited', limits),
    problem('rateLimited', `paused: http://portal.ca.test/sfe/v1/unpause?jwt=a`),
    problem('rateLimited', 'https://portal.ca.test/docs?next=/unpause'),
    problem('rateLimited', 'https://[/unpause'),
    problem('unauthorized', link),
    problem('userActionRequired', 'new terms', 'https://ca.test/terms'),
    blankProblem(link),
  ]) {
    assert.equal(unpauseUrl(one), null, one.detail);
  }
});

it('the error keeps the address for programs, and out of its message', () => {
  const body = Buffer.from(JSON.stringify(problem('rateLimited', `Please visit: ${link}`)));
  const answer = { status: 429, headers: { 'content-type': ['application/problem+json'] }, body };
  assert.throws(
    () => checkResponse(answer, 'https://ca.test/new-order', RESOURCES.order, 0),
    (error) => {
      assert.ok(error instanceof AcmeProblemError);
      assert.deepEqual([error.code, error.details['link']], ['ACME_PAUSED', link]);
      assert.ok(!error.message.includes('jwt') && !error.problem.detail.includes('jwt'));
      return true;
    },
  );
});
