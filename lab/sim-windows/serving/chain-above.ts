import { X509Certificate } from 'node:crypto';
import { oldBelief } from '../../beliefs/old-belief.ts';

const MOST = 8;

/** What Windows builds a path from. Certificates of other stores are never issuers. */
export interface ChainStores {
  readonly ca: readonly X509Certificate[];
  readonly root: readonly X509Certificate[];
  /** What a certificate's authority information access leads to (RFC 5280 section 4.2.2.1), by URL, DER. */
  readonly aia: ReadonlyMap<string, Uint8Array>;
}

/**
 * Certificates above `leaf` that SChannel sends: the path that crypt32 builds at this moment, without a self-signed
 * root at its end. Of several paths the one of the best quality wins (valid in time, then complete, then ending in a
 * root of the store Root), of equals the shortest: Microsoft, "Secured website certificate validation fails"; the order
 * of qualities is that of Wine's crypt32. So a self-signed certificate in Root wins over a cross-certificate of the
 * same name and key. An issuer is fetched where the stores have none that is valid.
 */
export function chainAbove(leaf: X509Certificate, stores: ChainStores): readonly X509Certificate[] {
  if (oldBelief('D20')) return longestLived(leaf, stores.ca);
  const trusted = new Set(stores.root.map(({ fingerprint256 }) => fingerprint256));
  const now = Date.now();
  const qualityOf = (path: readonly X509Certificate[]): number => {
    const top = path.at(-1) ?? leaf;
    const complete = isIssuer(top, top);
    return (
      (path.every((certificate) => isValid(certificate, now)) ? 4 : 0) +
      (complete ? 2 : 0) +
      (complete && trusted.has(top.fingerprint256) ? 1 : 0)
    );
  };
  const [best = [leaf]] = pathsFrom([leaf], stores, now)
    .map((path) => ({ path, quality: qualityOf(path) }))
    .sort((left, right) => right.quality - left.quality || left.path.length - right.path.length)
    .map(({ path }) => path);
  return best.slice(1).filter((certificate) => !isIssuer(certificate, certificate));
}

/** Every path that cannot be made longer. */
function pathsFrom(
  path: readonly X509Certificate[],
  stores: ChainStores,
  now: number,
): readonly (readonly X509Certificate[])[] {
  const last = path.at(-1);
  if (last === undefined || path.length > MOST || isIssuer(last, last)) return [path];
  const issuers = issuersOf(last, stores, now).filter((issuer) => !path.some((earlier) => isSameCa(earlier, issuer)));
  return issuers.length === 0 ? [path] : issuers.flatMap((issuer) => pathsFrom([...path, issuer], stores, now));
}

/** Each once, the one that lives longest first. */
function issuersOf(subject: X509Certificate, { ca, root, aia }: ChainStores, now: number): readonly X509Certificate[] {
  const stored = [...ca, ...root].filter((candidate) => isIssuer(candidate, subject));
  const fetched = stored.some((issuer) => isValid(issuer, now)) ? [] : fetchIssuers(subject, aia);
  return [...new Map([...stored, ...fetched].map((issuer) => [issuer.fingerprint256, issuer])).values()].sort(
    (left, right) => right.validToDate.getTime() - left.validToDate.getTime(),
  );
}

function fetchIssuers(subject: X509Certificate, aia: ChainStores['aia']): readonly X509Certificate[] {
  return [...(subject.infoAccess ?? '').matchAll(/^CA Issuers - URI:(.+)$/gm)].flatMap(([, url = '']) => {
    const der = aia.get(url);
    const issuer = der === undefined ? null : new X509Certificate(der);
    return issuer !== null && isIssuer(issuer, subject) ? [issuer] : [];
  });
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

function isSameCa(one: X509Certificate, other: X509Certificate): boolean {
  return one.subject === other.subject && one.publicKey.equals(other.publicKey);
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** The old belief: whatever is in CA, whichever roots the machine trusts. */
function longestLived(leaf: X509Certificate, candidates: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let last = leaf;
  while (chain.length < MOST) {
    const issuer = candidates
      .filter((candidate) => isIssuer(candidate, last) && !isIssuer(candidate, candidate))
      .sort((left, right) => right.validToDate.getTime() - left.validToDate.getTime())[0];
    if (issuer === undefined || chain.includes(issuer)) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}
