import type { KeyAttachment } from './key-store.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A checked certificate, ready to be put to use. */
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
  /** Asked for only when the certificate is really installed. */
  attach(): Promise<KeyAttachment>;
}

/** What will change and what will not. Plain JSON: it is shown by --dry-run, journaled before anything changes, and undone from. */
export interface DeploymentPlan {
  readonly type: string;
  readonly changes: readonly PlannedChange[];
  readonly skipped: readonly Skipped[];
  /** Whatever `undo` needs to restore the earlier state exactly. */
  readonly snapshot: Json;
  /** Whatever `apply` and `verify` need beyond that. */
  readonly detail: Json;
}

export interface PlannedChange {
  /** What is changed, in the operator's words: `http.sys record shop.example:443`. */
  readonly target: string;
  readonly reason: string;
  /** Thumbprint of the certificate that is there before; null when none is. */
  readonly replaces: string | null;
  /** Sites that see the change. */
  readonly sites: readonly string[];
}

export interface Skipped {
  readonly target: string;
  /** Stable word for programs, see docs/binding-rules.md. */
  readonly code: string;
  readonly reason: string;
}

export interface EndpointCheck {
  /** `address:port` of the handshake and the host name sent as SNI ('' = none). */
  readonly endpoint: string;
  readonly host: string;
  readonly ok: boolean;
  /** Stable error code when not ok. */
  readonly code: string | null;
  readonly message: string;
  /** Thumbprint of the leaf that was served, if any was. */
  readonly servedThumbprint: string | null;
}

/** A place where a certificate is put to use. Every call is safe to repeat after a kill. */
export interface Deployment {
  readonly type: string;
  /** Puts certificate and chain into the store; changes nothing that visitors see. */
  install(material: CertificateMaterial): Promise<void>;
  /** Reads the present state and decides. Changes nothing. `material` need not be installed yet. */
  plan(material: Omit<CertificateMaterial, 'attach'>): Promise<DeploymentPlan>;
  apply(plan: DeploymentPlan): Promise<void>;
  /** Handshakes with every endpoint of the plan and compares what is served. Empty plan: empty list. */
  verify(plan: DeploymentPlan, material: Omit<CertificateMaterial, 'attach'>): Promise<readonly EndpointCheck[]>;
  /** Restores the plan's snapshot exactly and says what the endpoints serve afterwards. */
  restore(plan: DeploymentPlan): Promise<readonly EndpointCheck[]>;
  /** Removes an old certificate that nothing refers to any more; false when something still does, or when it is not ours. */
  retire(thumbprint: string): Promise<boolean>;
}
