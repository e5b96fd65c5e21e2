/** What a request to the CA is for. */
export type RequestKind =
  | 'directory'
  | 'nonce'
  | 'new-account'
  | 'account'
  | 'orders'
  | 'new-order'
  | 'order'
  | 'authorization'
  | 'challenge'
  | 'finalize'
  | 'certificate'
  | 'renewal-info'
  | 'key-change'
  | 'revoke'
  | 'other';

// Paths of Pebble, then of the ACME server of Caddy.
const paths: readonly (readonly [RegExp, RequestKind])[] = [
  [/^\/dir$/, 'directory'],
  [/^\/nonce-plz$/, 'nonce'],
  [/^\/sign-me-up$/, 'new-account'],
  [/^\/my-account\//, 'account'],
  [/^\/list-orderz\//, 'orders'],
  [/^\/order-plz$/, 'new-order'],
  [/^\/my-order\//, 'order'],
  [/^\/authZ\//, 'authorization'],
  [/^\/chalZ\//, 'challenge'],
  [/^\/finalize-order\//, 'finalize'],
  [/^\/certZ\//, 'certificate'],
  [/^\/draft-ietf-acme-ari-\d+\/renewalInfo\//, 'renewal-info'],
  [/^\/rollover-account-key$/, 'key-change'],
  [/^\/revoke-cert$/, 'revoke'],
  [/^\/acme\/local\/directory$/, 'directory'],
  [/^\/acme\/local\/new-nonce$/, 'nonce'],
  [/^\/acme\/local\/new-account$/, 'new-account'],
  [/^\/acme\/local\/account\/[^/]+\/orders$/, 'orders'],
  [/^\/acme\/local\/account\//, 'account'],
  [/^\/acme\/local\/new-order$/, 'new-order'],
  [/^\/acme\/local\/order\/[^/]+\/finalize$/, 'finalize'],
  [/^\/acme\/local\/order\//, 'order'],
  [/^\/acme\/local\/authz\//, 'authorization'],
  [/^\/acme\/local\/challenge\//, 'challenge'],
  [/^\/acme\/local\/certificate\//, 'certificate'],
  [/^\/acme\/local\/key-change$/, 'key-change'],
  [/^\/acme\/local\/revoke-cert$/, 'revoke'],
];

/** By the path of the URL, without the query. */
export function requestKind(path: string): RequestKind {
  return paths.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
}
