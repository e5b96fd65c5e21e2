/** One value of a TXT record. */
export interface TxtRecord {
  /** Owner name: lower-case A-labels without a dot at the end. Underscores are usual. */
  readonly name: string;
  /** Content, printable ASCII, at most 255 octets. */
  readonly value: string;
  /**
   * What it validates, for hosts that want to know. None of it is secret. Absent when nothing is validated: a trial.
   */
  readonly challenge?: {
    /** The name to validate, without `*.`. */
    readonly domain: string;
    readonly wildcard: boolean;
    /** As in ChallengeTask. */
    readonly token: string;
    readonly keyAuthorization: string;
  };
}

/**
 * Who hosts a zone. All calls are safe to repeat and bounded in time; several values at one name live side by side.
 * Calls for one name come one after the other. Errors: the DNS_ codes of src/errors/dns.ts.
 */
export interface DnsProvider {
  /** Adds the value beside others that stand there; no error when it is there already. */
  present(record: TxtRecord, signal?: AbortSignal): Promise<void>;
  /** Returns when the provider says that its servers have the change, where it can say so; absent otherwise. */
  wait?(record: TxtRecord, signal?: AbortSignal): Promise<void>;
  /** Removes this value and no other; no error when it is gone already. */
  cleanUp(record: TxtRecord, signal?: AbortSignal): Promise<void>;
  /**
   * Looks for the zone of a name with the credentials, changing nothing: the zone's name. Throws DNS_ZONE_NOT_FOUND.
   */
  findZone(name: string, signal?: AbortSignal): Promise<string>;
}
