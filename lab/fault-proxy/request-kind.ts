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
  | 'other';

// Pebble's own paths.
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
];

/** By the path of the URL, without the query. */
export function requestKind(path: string): RequestKind {
  return paths.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
}
