import { boolean, ifReadable, list, member, members, oneOf, printable, string, url } from './decoding.ts';
import type { UrlPolicy } from './url-policy.ts';

/** RFC 8555 section 7.1.2. */
export interface Account {
  readonly status: 'valid' | 'deactivated' | 'revoked';
  readonly contacts: readonly string[];
  readonly termsOfServiceAgreed: boolean | null;
  /** The orders list (section 7.1.2.1); null for the many CAs that keep none, or name no address for it. */
  readonly orders: string | null;
}

/** Throws ACME_RESPONSE_INVALID. */
export function decodeAccount(value: unknown, policy: UrlPolicy): Account {
  const object = members(value, 'account');
  return {
    status: oneOf(member(object, 'status'), 'account.status', ['valid', 'deactivated', 'revoked']),
    contacts:
      ifReadable(member(object, 'contact'), (contact) =>
        list(contact, 'account.contact', 100, (item, where) => printable(string(item, where, 1024), 1024)),
      ) ?? [],
    termsOfServiceAgreed: ifReadable(member(object, 'termsOfServiceAgreed'), (agreed) =>
      boolean(agreed, 'account.termsOfServiceAgreed'),
    ),
    orders: ifReadable(member(object, 'orders'), (orders) => url(orders, 'account.orders', policy)),
  };
}
