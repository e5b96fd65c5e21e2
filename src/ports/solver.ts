export type ChallengeType = 'http-01' | 'dns-01' | 'tls-alpn-01' | 'dns-account-01' | 'dns-persist-01';

/** What a record of dns-persist-01 has to say for one name. */
export interface PersistTerms {
  /** One of these, as the CA prefers them. */
  readonly issuerDomains: readonly string[];
  /** One of these; the first is the one to write. */
  readonly accountUris: readonly string[];
}

/** One challenge to answer, as plain data so that an interrupted run can clean up what it presented. */
export interface ChallengeTask {
  readonly type: ChallengeType;
  readonly identifier: { readonly type: 'dns' | 'ip'; readonly value: string };
  /** The authorization is for `*.identifier` (RFC 8555 section 7.1.4). */
  readonly wildcard: boolean;
  /**
   * base64url, checked by the ACME client before it gets here (RFC 8555 section 8); empty for dns-persist-01, which has
   * none.
   */
  readonly token: string;
  /** token || '.' || base64url(JWK thumbprint) (RFC 8555 section 8.1). */
  readonly keyAuthorization: string;
  /** For dns-account-01 alone: the account that the record is for. */
  readonly accountUrl?: string;
  /** For dns-persist-01 alone. */
  readonly persist?: PersistTerms;
}

/**
 * Proves control of a name. All calls are safe to repeat and bounded in time.
 * Errors: CHALLENGE_PRESENT_FAILED, CHALLENGE_SELF_CHECK_FAILED, CHALLENGE_UNSUPPORTED.
 */
export interface Solver {
  readonly type: ChallengeType;
  /** Makes the answer visible. */
  present(task: ChallengeTask, signal?: AbortSignal): Promise<void>;
  /** Returns when the answer is seen as the CA would see it; throws CHALLENGE_SELF_CHECK_FAILED otherwise. */
  wait(task: ChallengeTask, signal?: AbortSignal): Promise<void>;
  /** Removes only what `present` of this task put there. */
  cleanUp(task: ChallengeTask): Promise<void>;
  /**
   * What a person should know of this machine's firewall when the CA cannot connect; null: nothing. `wait` cannot see
   * it, since it looks over loopback. For a task that is presented. Never throws.
   */
  firewallDoubt?(task: ChallengeTask): Promise<string | null>;
}
