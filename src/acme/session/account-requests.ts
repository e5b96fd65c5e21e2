import { countdown } from '../../concurrency/countdown.ts';
import { unlessAborted } from '../../concurrency/unless-aborted.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Signer } from '../../ports/signer.ts';
import { type Account, decodeAccount } from '../messages/account.ts';
import { type AcmeResponse, location } from './response.ts';
import { invalidResponse, list, member, members, url } from '../messages/decoding.ts';
import { bindExternalAccount, type ExternalAccount } from '../jose/external-account.ts';
import { parseJson } from '../messages/json.ts';
import { signerKey } from '../jose/jwk.ts';
import { signJws } from '../jose/jws.ts';
import { linkTargets } from '../messages/link-header.ts';
import { offered } from '../messages/directory.ts';
import { RESOURCES } from '../messages/resource.ts';
import type { Session } from './session.ts';
import { isProblem } from '../messages/problem.ts';
import { checkUrl } from '../messages/url-policy.ts';

export interface NewAccount {
  /** `mailto:` URLs; many CAs keep none. */
  readonly contacts?: readonly string[] | undefined;
  readonly termsOfServiceAgreed?: boolean | undefined;
  /** Only looks up the account of the key. Without one the CA reports accountDoesNotExist (RFC 8555 section 7.3.1). */
  readonly onlyReturnExisting?: boolean | undefined;
  readonly externalAccountBinding?: ExternalAccount | undefined;
}

export interface AccountResource {
  readonly url: string;
  readonly account: Account;
  /** False when the key had an account already. */
  readonly created: boolean;
}

export interface AccountRequests {
  /**
   * Creates the account of the client's key, or finds it, and uses it from then on (RFC 8555 section 7.3). Throws
   * ACME_TERMS_REQUIRED and ACME_EXTERNAL_ACCOUNT_REQUIRED before it sends anything.
   */
  newAccount(request: NewAccount, signal?: AbortSignal): Promise<AccountResource>;
  getAccount(signal?: AbortSignal): Promise<Account>;
  updateAccount(
    changes: { readonly contacts?: readonly string[]; readonly termsOfServiceAgreed?: boolean },
    signal?: AbortSignal,
  ): Promise<Account>;
  /** Permanently: the CA refuses every later request of the account (RFC 8555 section 7.3.6). */
  deactivateAccount(signal?: AbortSignal): Promise<Account>;
  /**
   * Gives the account a new key, checks that the CA knows it, and signs with it from then on (RFC 8555 section 7.3.5).
   * When the response is lost, either key may be the account's: `isKeyOf` finds out. Throws ACME_KEY_CHANGE_FAILED.
   */
  rolloverKey(newSigner: Signer, signal?: AbortSignal): Promise<void>;
  /**
   * Whether the CA knows the account by this key: it shows the account to it (POST-as-GET, RFC 8555 section 6.3), or
   * finds the account by it (section 7.3.1). CAs refuse either for reasons of their own, so that null, nobody knows, is
   * a response like the others. Rejects with the reason of the signal only.
   */
  isKeyOf(signer: Signer, signal?: AbortSignal): Promise<boolean | null>;
  /**
   * URLs of the account's orders, page by page (RFC 8555 section 7.1.2.1); none where the CA keeps no list. A list that
   * has no end, or takes minutes, is left off there: an order is looked for, and one that is not found is made anew.
   */
  orderUrls(signal?: AbortSignal): AsyncIterable<string>;
}

const maxPages = 100;
const maxUrlsPerPage = 10_000;
/** From the first page on, with what is done with the URLs in between. */
const listingMs = 120_000;

export function accountRequests(session: Session): AccountRequests {
  const { policy } = session;
  const decode = (response: AcmeResponse): Account => decodeAccount(parseJson(response.body, 'account'), policy);

  async function change(payload: object | '', signal?: AbortSignal): Promise<Account> {
    return decode(await session.post({ url: session.accountUrl(), payload, resource: RESOURCES.account }, signal));
  }

  async function submit(payload: object, signer: Signer, signal?: AbortSignal): Promise<AccountResource> {
    const { newAccount } = await session.directory(signal);
    const response = await session.post(
      { url: newAccount, payload, resource: RESOURCES.account, keyOf: signer },
      signal,
    );
    return { url: location(response, 'account', policy), account: decode(response), created: response.status === 201 };
  }

  function lookUp(signer: Signer, signal?: AbortSignal): Promise<AccountResource> {
    return submit({ onlyReturnExisting: true }, signer, signal);
  }

  async function isKeyOf(signer: Signer, signal?: AbortSignal): Promise<boolean | null> {
    const account = session.accountUrl();
    try {
      await session.post({ url: account, payload: '', resource: RESOURCES.account, accountKey: signer }, signal);
      return true;
    } catch {
      signal?.throwIfAborted();
    }
    try {
      return (await lookUp(signer, signal)).url === account;
    } catch (error) {
      signal?.throwIfAborted();
      return isProblem(error, 'accountDoesNotExist') ? false : null;
    }
  }

  async function create(request: NewAccount, signer: Signer, signal?: AbortSignal): Promise<AccountResource> {
    const { newAccount, meta } = await session.directory(signal);
    const { contacts = [], externalAccountBinding: external } = request;
    if (meta.termsOfService !== null && request.termsOfServiceAgreed !== true) {
      const { termsOfService } = meta;
      const message = `The terms of service have not been agreed to: ${termsOfService}`;
      throw new EverbindError('ACME_TERMS_REQUIRED', message, { termsOfService });
    }
    if (meta.externalAccountRequired && external === undefined) {
      throw new EverbindError('ACME_EXTERNAL_ACCOUNT_REQUIRED', 'The CA wants an external account binding', {
        url: newAccount,
      });
    }
    const payload = {
      ...(contacts.length === 0 ? {} : { contact: contacts }),
      ...(request.termsOfServiceAgreed === true ? { termsOfServiceAgreed: true } : {}),
      ...(external === undefined
        ? {}
        : { externalAccountBinding: bindExternalAccount(external, newAccount, signerKey(signer).jwk) }),
    };
    return submit(payload, signer, signal);
  }

  return {
    newAccount: async (request, signal) => {
      const signer = session.signer();
      const resource =
        request.onlyReturnExisting === true ? await lookUp(signer, signal) : await create(request, signer, signal);
      session.account.url = resource.url;
      return resource;
    },

    getAccount: (signal) => change('', signal),

    updateAccount: ({ contacts, termsOfServiceAgreed }, signal) =>
      change(
        {
          ...(contacts === undefined ? {} : { contact: contacts }),
          ...(termsOfServiceAgreed === undefined ? {} : { termsOfServiceAgreed }),
        },
        signal,
      ),

    deactivateAccount: (signal) => change({ status: 'deactivated' }, signal),

    rolloverKey: async (newSigner, signal) => {
      const keyChange = offered((await session.directory(signal)).keyChange, 'keyChange');
      const account = session.accountUrl();
      const oldKey = signerKey(session.signer()).jwk;
      const signing = signJws({
        signer: newSigner,
        header: { url: keyChange, key: { jwk: signerKey(newSigner).jwk } },
        payload: { account, oldKey },
      });
      const payload = await unlessAborted(signing, signal);
      await session.post({ url: keyChange, payload, resource: RESOURCES.keyChange }, signal);
      // The caller destroys the old key next and must be sure: one CA has refused with an empty 200. Where the CA tells
      // nothing of either key, its 200 counts.
      const known = await isKeyOf(newSigner, signal);
      if (known === false || (known === null && (await isKeyOf(session.signer(), signal)) === true)) {
        const message = 'The CA accepted the key change and does not know the account by the new key';
        throw new EverbindError('ACME_KEY_CHANGE_FAILED', message, { account });
      }
      session.account.signer = newSigner;
    },

    isKeyOf,

    orderUrls: async function* (signal) {
      const seen = new Set<string>();
      const timeLeft = countdown(session.clock, listingMs);
      let page: string | null = (await change('', signal)).orders;
      while (page !== null && seen.size < maxPages) {
        // A list that leads back to itself would never end.
        if (seen.has(page)) throw invalidResponse('orders list', 'an end');
        seen.add(page);
        const response: AcmeResponse = await session.post(
          { url: page, payload: '', resource: RESOURCES.orders },
          signal,
        );
        const body = parseJson(response.body, 'orders list');
        // step-ca sends the array alone, without the object around it (smallstep/certificates, acme/api/account.go).
        const orders = Array.isArray(body) ? body : member(members(body, 'orders list'), 'orders');
        for (const order of list(orders, 'orders list', maxUrlsPerPage, (item, where) => url(item, where, policy))) {
          if (timeLeft() <= 0) return;
          yield order;
        }
        if (timeLeft() <= 0) return;
        const [next] = linkTargets(response.headers['link'], 'next', response.url);
        page = next === undefined ? null : checkUrl(next, 'Link of the orders list', policy);
      }
    },
  };
}
