/**
 * Changes when a field changes its meaning or goes. A field more changes nothing: readers ignore what they do not know.
 */
export const RESULT_SCHEMA = 'everbind-first-run/1';

/**
 * What one run saw of a machine: the file that the first run (lab/first-run) writes, and `everbind selftest --json`.
 * JSON, UTF-8. `null` stands for what was not looked at or could not be seen, never for "no". No names of sites,
 * people or machines unless they were asked for: `name#` and twelve hex digits of a hash stand in their place. No
 * keys.
 */
export interface ResultFile {
  readonly schema: typeof RESULT_SCHEMA;
  readonly producedBy: 'selftest' | 'first-run';
  /** What it ran against. Nothing but `windows` says anything about Windows. */
  readonly host: 'windows' | 'wine' | 'double';
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly ranAs: RanAs | null;
  readonly machine: Machine | null;
  readonly node: NodeFacts;
  readonly koffi: KoffiFacts | null;
  readonly iis: IisFacts | null;
  readonly httpSys: HttpSysFacts | null;
  readonly firewall: FirewallFacts | null;
  readonly schannel: SchannelFacts | null;
  readonly providers: readonly ProviderFacts[];
  /** Of the first run; empty for a self-test. */
  readonly questions: readonly AnsweredQuestion[];
  /** Of the self-test; empty for a first run. */
  readonly steps: readonly TestStep[];
  readonly handshakes: readonly SeenHandshake[];
  readonly appcmd: readonly AppcmdRun[];
  readonly snapshots: Snapshots | null;
  /** What the run made and could not remove. */
  readonly leftovers: readonly string[];
  readonly events: readonly LoggedEvent[];
  readonly summary: ResultSummary;
}

export interface RanAs {
  readonly sid: string | null;
  readonly elevated: boolean | null;
  /** The last part of the integrity SID: 8192 medium, 12288 high, 16384 system. */
  readonly integrity: number | null;
  /** 0 for services and scheduled tasks that run without a user. */
  readonly session: number | null;
  readonly console: boolean | null;
}

export interface Machine {
  readonly productName: string | null;
  readonly build: number | null;
  /** Number of the cumulative update (UBR). */
  readonly ubr: number | null;
  readonly edition: string | null;
  readonly installationType: string | null;
  readonly arch: string | null;
  readonly hotfixCount: number | null;
  /** Win32_ComputerSystem.DomainRole: 2 stand-alone server, 3 member server, 4 and 5 domain controller. */
  readonly domainRole: number | null;
  readonly cluster: boolean | null;
  readonly nlb: boolean | null;
  readonly container: boolean | null;
  readonly secureBoot: boolean | null;
  readonly tpm: {
    readonly present: boolean | null;
    readonly version: string | null;
    readonly manufacturer: string | null;
    readonly firmware: string | null;
  } | null;
  readonly fips: boolean | null;
  /** A policy of Windows Defender Application Control is enforced. */
  readonly wdac: boolean | null;
  readonly appLocker: boolean | null;
  readonly locale: {
    readonly acp: number | null;
    readonly oemcp: number | null;
    readonly ui: string | null;
    readonly system: string | null;
  } | null;
  readonly consoleCp: number | null;
  readonly timeSkewS: number | null;
  /** Objects that an administrator makes belong to the account, not to the group of administrators. */
  readonly nodefaultadminowner: boolean | null;
}

export interface NodeFacts {
  readonly version: string;
  readonly openssl: string;
  /** The file name alone. */
  readonly exe: string;
  readonly signed: boolean | null;
}

export interface KoffiFacts {
  readonly version: string | null;
  readonly loaded: boolean;
  readonly loadMs: number | null;
  readonly error: string | null;
}

export interface IisFacts {
  readonly version: string | null;
  readonly features: readonly string[];
  /** The configuration is that of a redirection.config. */
  readonly sharedConfig: boolean | null;
  readonly siteCount: number | null;
  /** How many bindings there are of each protocol and kind, such as `https sni`. */
  readonly bindingKinds: Readonly<Record<string, number>> | null;
  readonly nonAsciiNames: number | null;
  /** The central certificate store is installed and on. */
  readonly ccs: boolean | null;
}

export interface HttpSysFacts {
  /**
   * By HTTP_SERVICE_CONFIG_ID: the status of the first query, and how many records there are when they were counted.
   */
  readonly ids: readonly { readonly id: number; readonly status: number; readonly records: number | null }[] | null;
  readonly update: { readonly exported: boolean } | null;
  /** Addresses to which http.sys is confined; empty: none. */
  readonly iplisten: readonly string[] | null;
  /** URL reservations on port 80. */
  readonly urlacl80: readonly string[] | null;
  /** Which programs listen on the ports 80 and 443: `80 System`. */
  readonly portOwners: readonly string[] | null;
  /** There are records of the …Ex ids. */
  readonly exParams: boolean | null;
}

export interface FirewallFacts {
  readonly profilesOn: readonly string[] | null;
  readonly rule80System: boolean | null;
  readonly rule80Node: boolean | null;
  /** Local rules do not count, by group policy. */
  readonly gpoOnly: boolean | null;
}

export interface SchannelFacts {
  /** By protocol of the server side: true on, false off, null not set in the registry. */
  readonly protocols: Readonly<Record<string, boolean | null>> | null;
  readonly suites: readonly string[] | null;
  readonly sendTrustedIssuerList: boolean | null;
}

/** A key storage provider. Statuses are those of the calls, 0 when they succeed. */
export interface ProviderFacts {
  readonly name: string;
  readonly open: number | null;
  readonly algorithms: readonly {
    readonly algorithm: string;
    /** Of the whole: the first that was not 0, or 0. */
    readonly status: number | null;
    readonly createMs: number | null;
    /** Status of NCryptSetProperty by property. */
    readonly perProperty: Readonly<Record<string, number>>;
    readonly signPkcs1: number | null;
    /** RSA-PSS, SHA-256, a salt of 32 octets, as TLS 1.3 wants it. */
    readonly signPssSalt32: number | null;
  }[];
}

/** One native call, or one call of the host, with what it returned. */
export interface RawCall {
  readonly name: string;
  /** Win32 code, HRESULT or CNG status, unsigned; 0 for success. null when it ended without a number. */
  readonly status: number | null;
  /** Milliseconds. */
  readonly ms: number;
}

/**
 * `yes`: as the code expects. `no`: the opposite. `other`: neither. `skipped`: could not be asked, `observed` says why.
 */
export type Verdict = 'yes' | 'no' | 'other' | 'skipped';

export interface AnsweredQuestion {
  /** 1 to 30, see lab/first-run/questions.ts. */
  readonly id: number;
  readonly question: string;
  readonly verdict: Verdict;
  readonly observed: string;
  readonly raw: {
    readonly calls: readonly RawCall[];
    /** Octets that the verdict rests on. */
    readonly octetsHex: string | null;
  };
  readonly expectedByCode: string;
  /** The file of src that relies on it. */
  readonly file: string;
  /** Milliseconds. */
  readonly ms: number;
}

export interface TestStep {
  readonly step: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Milliseconds. */
  readonly ms: number;
  /** Of docs/errors.md, when it failed. */
  readonly code: string | null;
  readonly message: string;
  readonly calls: readonly RawCall[];
}

export interface SeenHandshake {
  readonly address: string;
  readonly port: number;
  /** '' when no name was sent. */
  readonly sni: string;
  /** The record that was expected to decide, as `hostnameport host:443`; null when that is not known. */
  readonly record: string | null;
  /** `TLSv1.3`; null when the handshake failed. */
  readonly tls: string | null;
  readonly cipher: string | null;
  /** SHA-1, lower-case hex. */
  readonly leaf: string | null;
  /** SHA-1 of each certificate as sent, leaf first. */
  readonly chain: readonly string[];
  /** Milliseconds. */
  readonly ms: number;
  /** Code of the failure. */
  readonly error: string | null;
}

export interface AppcmdRun {
  readonly args: readonly string[];
  readonly exitCode: number | null;
  /** The octets as they came, at most 64 KiB; null when they would show names that were not asked for. */
  readonly stdoutHex: string | null;
  /** Milliseconds. */
  readonly ms: number;
}

/** Lines that stand for everything that a run could change, sorted; hashes where names would be. */
export interface Snapshots {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** `- line` for what is gone, `+ line` for what is new. */
  readonly diff: readonly string[];
}

export interface LoggedEvent {
  readonly log: string;
  readonly id: number;
  readonly provider: string;
  readonly count: number;
  /** null when it would show names that were not asked for. */
  readonly firstText: string | null;
}

/** Of the questions; of a self-test's steps, where passed is yes and failed is no. */
export interface ResultSummary {
  readonly yes: number;
  readonly no: number;
  readonly other: number;
  readonly skipped: number;
  /** Questions that the code cannot do without and that were answered `no` or `other`, as `Q3`; steps that failed. */
  readonly blocking: readonly string[];
}
