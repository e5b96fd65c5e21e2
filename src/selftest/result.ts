import { ALGORITHMS, makeKeyStep } from './keys.ts';
import { type Machine, type ProviderFacts, RESULT_SCHEMA, type ResultFile, type TestStep } from './result-file.ts';
import type { SelfTestRun } from './self-test.ts';

/** A self-test as a result file. What a self-test does not look at is null, or an empty list. */
export function resultOf(
  run: SelfTestRun,
  about: Pick<ResultFile, 'host' | 'startedAt' | 'endedAt' | 'node'>,
): ResultFile {
  const { os, elevated, iisVersion, roleServices } = run.host;
  const { steps, handshakes, appcmd, leftovers, snapshots } = run;
  const count = (wanted: TestStep['outcome']): number => steps.filter(({ outcome }) => outcome === wanted).length;
  const blocking = steps.filter(({ outcome }) => outcome === 'failed').map(({ step }) => step);
  return {
    schema: RESULT_SCHEMA,
    producedBy: 'selftest',
    host: about.host,
    startedAt: about.startedAt,
    endedAt: about.endedAt,
    ranAs: { sid: null, elevated, integrity: null, session: null, console: null },
    machine: { ...UNSEEN_MACHINE, productName: os },
    node: about.node,
    koffi: null,
    iis: {
      version: iisVersion,
      features: roleServices,
      sharedConfig: null,
      siteCount: null,
      bindingKinds: null,
      nonAsciiNames: null,
      ccs: roleServices.includes('central-certificate-store'),
    },
    httpSys: null,
    firewall: null,
    schannel: null,
    providers: [providerFacts(run)],
    questions: [],
    steps,
    handshakes,
    appcmd,
    snapshots,
    leftovers,
    events: [],
    // Of steps, since a self-test asks no questions.
    summary: { yes: count('passed'), no: blocking.length, other: 0, skipped: count('skipped'), blocking },
  };
}

const UNSEEN_MACHINE: Machine = {
  productName: null,
  build: null,
  ubr: null,
  edition: null,
  installationType: null,
  arch: null,
  hotfixCount: null,
  domainRole: null,
  cluster: null,
  nlb: null,
  container: null,
  secureBoot: null,
  tpm: null,
  fips: null,
  wdac: null,
  appLocker: null,
  locale: null,
  consoleCp: null,
  timeSkewS: null,
  nodefaultadminowner: null,
};

/** What the provider said when it was to make a key of each algorithm. */
function providerFacts({ provider, steps }: SelfTestRun): ProviderFacts {
  const algorithms = ALGORITHMS.flatMap((algorithm) => {
    const create = steps
      .find(({ step }) => step === makeKeyStep(algorithm))
      ?.calls.find(({ name }) => name === 'keys.create');
    if (create === undefined) return [];
    const { status, ms } = create;
    return [{ algorithm, status, createMs: ms, perProperty: {}, signPkcs1: null, signPssSalt32: null }];
  });
  return { name: provider, open: null, algorithms };
}
