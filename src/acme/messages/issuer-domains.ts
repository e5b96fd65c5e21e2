/** Lower-case A-labels without a dot at the end (draft-ietf-acme-dns-persist). */
const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** What a CA calls itself in records of dns-persist-01, 1 to 10 names; null for anything else, which makes the challenge unusable and no other. */
export function issuerDomainsOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length < 1 || value.length > 10) return null;
  return value.every((item): item is string => typeof item === 'string' && NAME.test(item)) ? [...value] : null;
}
