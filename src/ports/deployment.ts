import type { KeyAttachment } from './key-store.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A checked certificate, ready to be deployed. */
export interface CertificateMaterial {
  /** Name of the managed certificate. */
  readonly name: string;
  /** Names of the certificate, canonical (see src/pki/x509/names.ts). */
  readonly identifiers: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[];
  /** Leaf first, DER; empty while nothing is issued and only a plan is wanted. */
  readonly chain: readonly Uint8Array[];
  /** SHA-1 of the leaf, 40 lower-case hex digits: how Windows names a certificate. */
  readonly thumbprint: string;
  /** Thumbprint of the certificate that this one replaces, as far as we know it. */
  readonly previousThumbprint: string | null;
  readonly friendlyName: string;
  /** Targets that held the certificate in use when they were last looked at, see DeploymentPlan.holds. */
  readonly held?: readonly string[];
  /** Those of them that somebody gave another certificate since, and that are skipped. */
  readonly spared?: readonly string[];
  /** Called only when the certificate is installed. */
  attach(): Promise<KeyAttachment>;
}

/**
 * What will change and what will not. Plain JSON: --dry-run shows it, it is journaled before anything changes, and
 * `restore` works from it.
 */
export interface DeploymentPlan {
  readonly type: string;
  readonly changes: readonly PlannedChange[];
  readonly skipped: readonly Skipped[];
  /** Targets that hold the certificate once the plan is applied, where `compare` is to look. */
  readonly holds?: readonly string[];
  /** Whatever `restore` needs to restore the earlier state exactly. */
  readonly snapshot: Json;
  /** Whatever `apply` and `verify` need besides. */
  readonly detail: Json;
}

export interface PlannedChange {
  /** What is changed, in the operator's words: `http.sys record shop.example:443`. */
  readonly target: string;
  readonly reason: string;
  /** Thumbprint of the certificate that it holds before; null when there is none. */
  readonly replaces: string | null;
  /** Sites that see the change. */
  readonly sites: readonly string[];
}

export interface Skipped {
  readonly target: string;
  /** Stable word for programs, see docs/binding-rules.md. */
  readonly code: string;
  readonly reason: string;
  /**
   * The place is declared, the certificate is for it, and visitors get one there that Everbind does not renew, or none:
   * whoever watches must be told.
   */
  readonly otherCertificate?: true;
}

/**
 * What a look at an endpoint came to. `verified`: a handshake, or reading back, showed what was expected. `failed`:
 * visitors do not get it; this alone is a reason to roll back. `failed-before`: it failed before the change in the same
 * way, so it says nothing about the change. `shadowed`: another record serves this endpoint, for which the plan is not
 * responsible. `not-checked`: nobody looked.
 */
export type EndpointOutcome = 'verified' | 'failed' | 'failed-before' | 'shadowed' | 'not-checked';

export interface EndpointCheck {
  /** `address:port` of the handshake and the host name sent as SNI ('' = none). */
  readonly endpoint: string;
  readonly host: string;
  readonly outcome: EndpointOutcome;
  /** Stable word: the error code of a failure, or why nobody looked (docs/binding-rules.md); null when verified. */
  readonly code: string | null;
  readonly message: string;
  /** Thumbprint of the leaf that was served, if any was. */
  readonly servedThumbprint: string | null;
  /** What the operator should know, although the outcome stands. */
  readonly findings: readonly EndpointFinding[];
}

/** `note`: nothing has to be done. `finding`: some visitors are affected; the message says what to do. */
export interface EndpointFinding {
  readonly kind: 'note' | 'finding';
  /** Stable word, see docs/binding-rules.md. */
  readonly code: string;
  readonly message: string;
}

/** The certificate in use as a comparison needs it. */
export type ComparedCertificate = Pick<CertificateMaterial, 'name' | 'identifiers' | 'thumbprint'> & {
  /** See CertificateMaterial. */
  readonly held: readonly string[];
  /** Thumbprints of its other certificates that are not removed yet. */
  readonly earlier: readonly string[];
};

/** A target that is not as the last deployment left it. */
export interface Drift {
  /** In the operator's words. */
  readonly target: string;
  /** Stable word, see docs/renewal.md. */
  readonly code: string;
  readonly reason: string;
  /** Another deployment puts it right. Otherwise somebody chose what is there, and it stays. */
  readonly restorable: boolean;
}

export interface Comparison {
  /** Targets that hold the certificate. */
  readonly holding: readonly string[];
  readonly drift: readonly Drift[];
}

/** A place where a certificate is deployed. Every call must be safe to repeat after a kill. */
export interface Deployment {
  readonly type: string;
  /** Puts certificate and chain into the store. Changes nothing that visitors see. */
  install(material: CertificateMaterial): Promise<void>;
  /** Reads the present state and decides. Changes nothing. `material` need not be installed yet. */
  plan(material: Omit<CertificateMaterial, 'attach'>): Promise<DeploymentPlan>;
  /**
   * Looks at what visitors get before anything changes, and returns the plan with that in it, for `verify` and
   * `restore` to compare with. An endpoint that cannot be reached is no error.
   */
  look(plan: DeploymentPlan): Promise<DeploymentPlan>;
  /**
   * Compares what is there with what was deployed. Changes nothing and makes no handshake; thousands of certificates
   * that are compared at the same time share one reading of the server. Absent where nothing can be compared.
   */
  compare?(certificate: ComparedCertificate): Promise<Comparison>;
  apply(plan: DeploymentPlan): Promise<void>;
  /** Checks every endpoint of the plan, by a handshake where there is one to make. Empty plan: empty list. */
  verify(plan: DeploymentPlan, material: Omit<CertificateMaterial, 'attach'>): Promise<readonly EndpointCheck[]>;
  /**
   * Restores the plan's snapshot exactly, then reports what the endpoints serve. Throws IIS_RECORD_CHANGED_BY_OTHERS
   * when somebody else changed something meanwhile; that is kept.
   */
  restore(plan: DeploymentPlan): Promise<readonly EndpointCheck[]>;
  /**
   * Removes an old certificate that nothing refers to any more. Returns false while something does, or when it is not
   * ours.
   */
  retire(thumbprint: string): Promise<boolean>;
}
