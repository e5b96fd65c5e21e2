import type { CertificateState } from '../renewal/state/certificate-queries.ts';

/** How a managed certificate fares, the worst that is true of it; stable words. */
export type CertificateHealth =
  /** Its last attempts failed. */
  | 'failing'
  /** A renewal of it was begun, and an Everbind is at work now. */
  | 'under-way'
  /** A renewal of it was begun and not finished; the next run goes on with it. */
  | 'interrupted'
  /** It is due, and nothing was issued for it yet. */
  | 'new'
  | 'due'
  /** It was deployed, has deployments, and no endpoint serves it. */
  | 'served-nowhere'
  /** It is in use, and visitors of a declared place get another certificate. */
  | 'partly-served'
  /** It was deployed, and no endpoint that was looked at showed it: none could be verified before either. */
  | 'unverified'
  /** Something is not as it was deployed. */
  | 'drifted'
  /** It was deployed, and none of its endpoints could be looked at: their sites are stopped, for instance. */
  | 'not-checked'
  | 'ok';

/** Judges one certificate. `atWork`: whether an Everbind works on the state folder now. */
export function healthOf(
  {
    active,
    failures,
    openStep,
    nextDue,
    servedNowhere,
    unverified,
    notChecked,
    otherCertificate,
    drifted,
  }: CertificateState,
  { now, atWork }: { readonly now: number; readonly atWork: boolean },
): CertificateHealth {
  if (failures > 0) return 'failing';
  if (openStep !== null) return atWork ? 'under-way' : 'interrupted';
  if (nextDue <= now) return active === null ? 'new' : 'due';
  if (servedNowhere) return 'served-nowhere';
  if (otherCertificate.length > 0) return 'partly-served';
  if (unverified) return 'unverified';
  if (drifted) return 'drifted';
  return notChecked ? 'not-checked' : 'ok';
}
