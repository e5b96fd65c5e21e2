import { EverbindError, type ErrorDetails } from '../../errors/error.ts';
import type { FailureFacts, FailureMeaning } from '../../errors/failure.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { type Members, member, printable } from './decoding.ts';

/**
 * A problem document (RFC 7807) as ACME uses it (RFC 8555 section 6.7). Text is bounded and free of control characters.
 */
export interface Problem {
  /** `about:blank` when the CA sent none. */
  readonly type: string;
  readonly title: string | null;
  readonly detail: string;
  readonly status: number | null;
  /** Where a person must go, for example to agree to new terms (RFC 8555 section 7.3.3); http or https. */
  readonly instance: string | null;
  /** What a subproblem is about, as the CA wrote it (RFC 8555 section 6.7.1). */
  readonly identifier: { readonly type: string; readonly value: string } | null;
  readonly subproblems: readonly Problem[];
  /** Signature algorithms that the CA would take, with badSignatureAlgorithm (RFC 8555 section 6.2). */
  readonly algorithms: readonly string[];
}

const prefix = 'urn:ietf:params:acme:error:';

/** The ACME name of a problem's type, such as `rateLimited`; null for types outside ACME's namespace. */
export function acmeErrorType(problem: Problem): string | null {
  return problem.type.startsWith(prefix) ? problem.type.slice(prefix.length) : null;
}

/**
 * Where a person lifts a pause; null for every other problem. Some CAs stop orders for a name whose validation has
 * failed for months, and send the address of a page for it (Boulder: `rateLimited`, with `…/unpause?jwt=…` in the
 * detail). It is recognized by the type and the path of the address, never by the words around it. Anyone with the
 * address can lift the pause, and do nothing else.
 */
export function unpauseUrl(problem: Problem): string | null {
  const type = acmeErrorType(problem);
  if (type !== 'rateLimited' && type !== 'userActionRequired') return null;
  const words = problem.detail.split(/[\s<>"'()]+/).map((word) => word.replace(/[.,;:!]+$/, ''));
  const candidates = [problem.instance ?? '', ...words];
  return candidates.find(isUnpause) ?? null;
}

function isUnpause(text: string): boolean {
  if (!text.startsWith('https://') || !URL.canParse(text)) return false;
  return new URL(text).pathname.split('/').at(-1) === 'unpause';
}

/**
 * Reads a problem leniently: a member of the wrong kind counts as absent and long text is cut, since the type must
 * reach the caller even when the rest is odd. Null when the value is not an object.
 */
export function decodeProblem(value: unknown): Problem | null {
  return readProblem(value, 0);
}

/** A problem that the CA did not describe itself. */
export function blankProblem(detail: string): Problem {
  return {
    type: 'about:blank',
    title: null,
    detail,
    status: null,
    instance: null,
    identifier: null,
    subproblems: [],
    algorithms: [],
  };
}

function readProblem(value: unknown, level: number): Problem | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const object = value as Members;
  const status = member(object, 'status');
  const identifier = member(object, 'identifier');
  return {
    type: text(object, 'type', 256) ?? 'about:blank',
    title: text(object, 'title', 256),
    detail: text(object, 'detail', 4096) ?? '',
    status: typeof status === 'number' && Number.isInteger(status) && status >= 100 && status < 600 ? status : null,
    instance: webAddress(text(object, 'instance', 2048)),
    identifier: readIdentifier(identifier),
    // Subproblems have none of their own (RFC 8555 section 6.7.1).
    subproblems:
      level > 0 ? [] : items(object, 'subproblems', 1000).flatMap((item) => readProblem(item, level + 1) ?? []),
    algorithms: items(object, 'algorithms', 32).flatMap((item) =>
      typeof item === 'string' ? printable(item, 32) : [],
    ),
  };
}

function readIdentifier(value: unknown): Problem['identifier'] {
  if (typeof value !== 'object' || value === null) return null;
  const type = text(value as Members, 'type', 32);
  const name = text(value as Members, 'value', 255);
  return type === null || name === null ? null : { type, value: name };
}

function text(object: Members, name: string, maxLength: number): string | null {
  const value = member(object, name);
  return typeof value === 'string' ? printable(value, maxLength) : null;
}

function items(object: Members, name: string, maxItems: number): readonly unknown[] {
  const value = member(object, name);
  return Array.isArray(value) ? value.slice(0, maxItems) : [];
}

function webAddress(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}

type ProblemCode = Extract<
  ErrorCode,
  'ACME_PROBLEM' | 'ACME_PAUSED' | 'ACME_AUTHORIZATION_INVALID' | 'ACME_ORDER_INVALID' | 'ACME_WAIT_TIMEOUT'
>;

// RFC 8555 section 6.7: what a CA says of the order or the account and not of the validation. Another CA may do better.
const REFUSALS: ReadonlySet<string> = new Set([
  'caa',
  'rateLimited',
  'rejectedIdentifier',
  'unsupportedIdentifier',
  'userActionRequired',
  'externalAccountRequired',
  'unsupportedContact',
  'invalidProfile',
]);

function isRefusal(problem: Problem): boolean {
  const type = acmeErrorType(problem);
  if (type !== null && REFUSALS.has(type)) return true;
  // compound: the reasons are in the subproblems.
  return problem.subproblems.length > 0 && problem.subproblems.every(isRefusal);
}

/** What a problem says beyond its code. */
function meaningOfProblem(code: ProblemCode, problem: Problem, httpStatus: number): Partial<FailureMeaning> {
  const refused = isRefusal(problem) ? ({ blames: 'name' } as const) : {};
  // The CA has looked, and goes on: what it saw stands at the name.
  if (code === 'ACME_WAIT_TIMEOUT') return { blames: 'host', ...refused };
  if (code !== 'ACME_PROBLEM') return refused;
  // The status before the type: a server that fails says nothing of the name, whatever type its document has, and 429
  // is a limit under any type. A CA that limits the rate has counted more than we have.
  const failing = httpStatus >= 500;
  const limited = httpStatus === 429 || (!failing && acmeErrorType(problem) === 'rateLimited');
  return {
    ...(failing || httpStatus === 429 ? { blames: 'issuer' } : {}),
    ...(failing ? {} : refused),
    ...(limited || failing ? { resume: 'continue' } : {}),
    ...(limited ? { costs: 'unknown' } : {}),
  };
}

/**
 * What the CA said went wrong: ACME_PROBLEM for a refused request, the other codes for a failed authorization or order.
 */
export class AcmeProblemError extends EverbindError {
  readonly problem: Problem;
  readonly #note: string;

  constructor(
    code: ProblemCode,
    problem: Problem,
    response: { readonly httpStatus: number; readonly retryAfterMs: number | null },
    details: ErrorDetails = {},
    facts: Pick<FailureFacts, 'link' | 'names'> = {},
    note = '',
  ) {
    const name = acmeErrorType(problem) ?? problem.type;
    const text = problem.detail === '' ? (problem.title ?? '') : problem.detail;
    const { httpStatus, retryAfterMs } = response;
    super(
      code,
      [`The CA reports ${name}${text === '' ? '' : `: ${text}`}`, ...(note === '' ? [] : [note])].join('. '),
      {
        problem: problem.type,
        status: httpStatus,
        ...(retryAfterMs === null ? {} : { retryAfterMs }),
        ...(problem.subproblems.length === 0 ? {} : { subproblems: problem.subproblems.map(summary) }),
        ...details,
      },
      {
        facts: {
          ...facts,
          problem: problem.type,
          httpStatus,
          retryAfterMs,
          meaning: meaningOfProblem(code, problem, httpStatus),
        },
      },
    );
    this.name = 'AcmeProblemError';
    this.problem = problem;
    this.#note = note;
  }

  /** The same failure, with one more sentence of ours behind what the CA says. */
  withNote(note: string): AcmeProblemError {
    const { httpStatus = 0, retryAfterMs = null } = this.facts;
    const code = this.code as ProblemCode;
    const notes = [this.#note, note].filter((one) => one !== '').join('. ');
    return new AcmeProblemError(code, this.problem, { httpStatus, retryAfterMs }, this.details, this.facts, notes);
  }
}

/** Whether the CA reports a problem of this ACME type, such as `accountDoesNotExist`. */
export function isProblem(error: unknown, type: string): error is AcmeProblemError {
  return error instanceof AcmeProblemError && acmeErrorType(error.problem) === type;
}

function summary(problem: Problem): string {
  const about = problem.identifier === null ? '' : `${problem.identifier.value}: `;
  return `${about}${acmeErrorType(problem) ?? problem.type}: ${problem.detail}`;
}
