import { EverbindError } from '../../errors/error.ts';

/** The URL of an optional part of the directory. Throws ACME_NOT_OFFERED. */
export function offered(url: string | null, feature: string): string {
  if (url !== null) return url;
  throw new EverbindError('ACME_NOT_OFFERED', `The CA offers no ${feature}`, { feature });
}
