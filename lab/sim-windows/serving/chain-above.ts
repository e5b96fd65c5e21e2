import type { X509Certificate } from 'node:crypto';

const MOST = 8;

/** Certificates above `leaf` that Windows would send: issuers among the candidates, without a self-signed root. */
export function chainAbove(leaf: X509Certificate, candidates: readonly X509Certificate[]): readonly X509Certificate[] {
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

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
