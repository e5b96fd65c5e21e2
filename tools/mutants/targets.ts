/** Files whose mutants are made, and the tests that must notice them. */
export interface Target {
  readonly what: string;
  readonly files: readonly string[];
  /** The quickest first: a mutant is killed by the first test file that fails. */
  readonly tests: readonly string[];
}

export const TARGETS: readonly Target[] = [
  {
    what: 'verification of what is served',
    files: ['src/verify/judge-served.ts', 'src/deploy/iis/judge-handshakes.ts'],
    tests: [
      'test/verify/judge-served.test.ts',
      'test/deploy/iis/before.test.ts',
      'test/deploy/iis/rival.test.ts',
      'test/deploy/iis/sight.test.ts',
      'test/deploy/iis/deployment.test.ts',
    ],
  },
  {
    what: 'what an issuer sends',
    files: ['src/pki/check-issued.ts', 'src/pki/path/path-rules.ts'],
    tests: ['test/pki/check-issued.test.ts', 'test/pki/path/chain.test.ts'],
  },
  {
    what: 'the plan',
    files: ['src/iis/plan/decide.ts', 'src/iis/plan/match.ts', 'src/iis/plan/slots.ts', 'src/iis/plan/plan.ts'],
    tests: ['test/iis/plan/plan.test.ts', 'test/iis/plan/match.test.ts', 'test/iis/plan/plan-properties.test.ts'],
  },
  {
    what: 'the journal',
    files: ['src/renewal/state/renewal-table.ts', 'src/renewal/engine/resume-or-begin.ts'],
    tests: ['test/renewal/engine/unreadable-row.test.ts', 'test/renewal/engine/kill.test.ts'],
  },
  {
    what: 'fencing',
    files: ['src/store/lease-row.ts', 'src/store/lease.ts', 'src/store/run-group.ts', 'src/iis/records/apply.ts'],
    tests: ['test/store/lease.test.ts', 'test/store/store.test.ts', 'test/iis/records/apply.test.ts'],
  },
  {
    what: 'durability',
    files: [
      'src/store/store.ts',
      'src/store/commit-queue.ts',
      'src/store/checkpoint-pin.ts',
      'src/store/keep-copy.ts',
      'src/store/copy-database.ts',
      'src/store/folders.ts',
    ],
    tests: [
      'test/store/commit-queue.test.ts',
      'test/store/power.test.ts',
      'test/store/failures.test.ts',
      'test/store/store.test.ts',
      'test/store/migrate.test.ts',
    ],
  },
  {
    what: 'sealing',
    files: [
      'src/custody/sealing/seal.ts',
      'src/custody/sealing/sealer.ts',
      'src/custody/sealing/secrets.ts',
      'src/custody/sealing/master-key-file.ts',
    ],
    tests: [
      'test/custody/sealing/seal.test.ts',
      'test/custody/sealing/sealer.test.ts',
      'test/custody/sealing/secrets.test.ts',
      'test/custody/sealing/master-key-file.test.ts',
    ],
  },
  {
    what: 'responses of CAs',
    files: [
      'src/acme/messages/order.ts',
      'src/acme/messages/authorization.ts',
      'src/acme/messages/challenge.ts',
      'src/acme/messages/url-policy.ts',
      'src/acme/messages/decoding.ts',
      'src/acme/session/response.ts',
      'src/acme/session/order-requests.ts',
    ],
    tests: [
      'test/acme/messages/decoders.test.ts',
      'test/acme/messages/url-policy.test.ts',
      'test/acme/session/requests.test.ts',
      'test/acme/session/session.test.ts',
      'test/acme/hostile-ca.test.ts',
    ],
  },
];
