import { z } from 'zod';
import { RESULT_SCHEMA, type ResultFile } from '../../../src/selftest/result-file.ts';

// A file from a machine of somebody else's. Everything is bounded; fields that nobody reads are dropped.

/** More than any run has written. */
const MAX_OCTETS = 32 << 20;

const text = (most: number): z.ZodString => z.string().max(most);
const line = text(2_000);
const maybeLine = line.nullable();
const flag = z.boolean().nullable();
const count = z.int().min(0).max(10_000_000);
const maybeCount = count.nullable();
/** Unsigned, 32 bits. */
const status = z.int().min(0).max(0xffffffff);
const ms = z.number().min(0).max(86_400_000);
const maybeMs = ms.nullable();
const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const hex = text(140_000).regex(/^(?:[0-9a-f]{2})*$/);
const moment = z.iso.datetime();
const list = <T extends z.ZodType>(item: T, most: number): z.ZodReadonly<z.ZodArray<T>> =>
  z.array(item).max(most).readonly();
const byName = <T extends z.ZodType>(value: T, most = 100): z.ZodRecord<z.ZodString, T> =>
  z.record(text(100), value).refine((object) => Object.keys(object).length <= most, `more than ${most} names`);

const rawCall = z.object({ name: text(200), status: status.nullable(), ms });
const calls = list(rawCall, 20_000);

const machine = z.object({
  productName: maybeLine,
  build: maybeCount,
  ubr: maybeCount,
  edition: maybeLine,
  installationType: maybeLine,
  arch: maybeLine,
  hotfixCount: maybeCount,
  domainRole: maybeCount,
  cluster: flag,
  nlb: flag,
  container: flag,
  secureBoot: flag,
  tpm: z.object({ present: flag, version: maybeLine, manufacturer: maybeLine, firmware: maybeLine }).nullable(),
  fips: flag,
  wdac: flag,
  appLocker: flag,
  locale: z.object({ acp: maybeCount, oemcp: maybeCount, ui: maybeLine, system: maybeLine }).nullable(),
  consoleCp: maybeCount,
  timeSkewS: z.number().nullable(),
  nodefaultadminowner: flag,
});

const provider = z.object({
  name: line,
  open: status.nullable(),
  algorithms: list(
    z.object({
      algorithm: text(50),
      status: status.nullable(),
      createMs: maybeMs,
      perProperty: byName(status),
      signPkcs1: status.nullable(),
      signPssSalt32: status.nullable(),
    }),
    20,
  ),
});

const httpSys = z.object({
  ids: list(z.object({ id: z.int().min(0).max(100), status, records: maybeCount }), 100).nullable(),
  update: z.object({ exported: z.boolean() }).nullable(),
  iplisten: list(line, 1_000).nullable(),
  urlacl80: list(line, 1_000).nullable(),
  portOwners: list(line, 1_000).nullable(),
  exParams: flag,
});

const question = z.object({
  id: z.int().min(1).max(1_000),
  question: line,
  verdict: z.enum(['yes', 'no', 'other', 'skipped']),
  observed: text(20_000),
  raw: z.object({ calls, octetsHex: hex.nullable() }),
  expectedByCode: line,
  file: line,
  ms,
});

const step = z.object({
  step: line,
  outcome: z.enum(['passed', 'failed', 'skipped']),
  ms,
  code: text(100).nullable(),
  message: text(20_000),
  calls,
});

const handshake = z.object({
  address: text(100),
  port: z.int().min(0).max(65_535),
  sni: text(300),
  record: line.nullable(),
  tls: text(50).nullable(),
  cipher: text(100).nullable(),
  leaf: sha1.nullable(),
  chain: list(sha1, 50),
  ms,
  error: text(200).nullable(),
});

const lines = list(line, 500_000);

const resultFile = z.object({
  schema: z.literal(RESULT_SCHEMA),
  producedBy: z.enum(['selftest', 'first-run']),
  host: z.enum(['windows', 'wine', 'double']),
  startedAt: moment,
  endedAt: moment,
  ranAs: z
    .object({ sid: maybeLine, elevated: flag, integrity: maybeCount, session: maybeCount, console: flag })
    .nullable(),
  machine: machine.nullable(),
  node: z.object({ version: text(50), openssl: text(50), exe: line, signed: flag }),
  koffi: z.object({ version: maybeLine, loaded: z.boolean(), loadMs: maybeMs, error: maybeLine }).nullable(),
  iis: z
    .object({
      version: maybeLine,
      features: list(line, 100),
      sharedConfig: flag,
      siteCount: maybeCount,
      bindingKinds: byName(count, 200).nullable(),
      nonAsciiNames: maybeCount,
      ccs: flag,
    })
    .nullable(),
  httpSys: httpSys.nullable(),
  firewall: z
    .object({ profilesOn: list(line, 10).nullable(), rule80System: flag, rule80Node: flag, gpoOnly: flag })
    .nullable(),
  schannel: z
    .object({
      protocols: byName(flag).nullable(),
      suites: list(line, 500).nullable(),
      sendTrustedIssuerList: flag,
    })
    .nullable(),
  providers: list(provider, 100),
  questions: list(question, 100),
  steps: list(step, 500),
  handshakes: list(handshake, 5_000),
  appcmd: list(z.object({ args: list(line, 50), exitCode: status.nullable(), stdoutHex: hex.nullable(), ms }), 5_000),
  snapshots: z.object({ before: lines, after: lines, diff: lines }).nullable(),
  leftovers: list(line, 10_000),
  events: list(
    z.object({
      log: line,
      id: z.int().min(0).max(0xffffffff),
      provider: line,
      count,
      firstText: text(20_000).nullable(),
    }),
    5_000,
  ),
  summary: z.object({ yes: count, no: count, other: count, skipped: count, blocking: list(line, 1_000) }),
});

export type ReadResult =
  | { readonly ok: true; readonly file: ResultFile }
  /** `path`: `questions.3.verdict`; '' for the file as a whole. */
  | { readonly ok: false; readonly path: string; readonly problem: string };

/** Reads a result file strictly. Fields that are not known are dropped. Never throws. */
export function readResultFile(octets: Uint8Array): ReadResult {
  if (octets.length > MAX_OCTETS) return invalid('', `the file has more than ${MAX_OCTETS} octets`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch (error) {
    // A text is not repeated: it may be anything.
    return invalid('', error instanceof TypeError ? 'the file is not UTF-8' : 'the file is no JSON');
  }
  const parsed = resultFile.safeParse(value);
  if (parsed.success) return { ok: true, file: parsed.data };
  const [issue] = parsed.error.issues;
  return invalid(issue?.path.map(String).join('.') ?? '', issue?.message ?? 'invalid');
}

function invalid(path: string, problem: string): ReadResult {
  return { ok: false, path, problem };
}
