import { macKeyOf } from '../../../../acme/jose/external-account.ts';
import { type AcmeClient, createAcmeClient } from '../../../../acme/client.ts';
import { createHostBackoffs, type HostBackoffs } from '../../../../acme/session/host-backoff.ts';
import type { IssuerConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { KeyAlgorithm, KeyCustody, KeyHandle } from '../../../../ports/key-store.ts';
import type { Signer } from '../../../../ports/signer.ts';
import {
  type AccountRow,
  finishRollover,
  insertAccount,
  noteRegistered,
  readAccount,
  replaceAccount,
} from '../../../state/account-table.ts';
import type { Transaction } from '../../../../store/store.ts';
import { hostBackoffs, noteHostBackoff } from '../../../state/issuer-health.ts';
import type { AcmePorts } from '../acme-ports.ts';

/** A client that speaks as our account with this CA, which is registered when there is none yet. */
export async function openAccount(
  ports: AcmePorts,
  config: IssuerConfig,
  backoffs: HostBackoffs,
  signal: AbortSignal,
): Promise<{ readonly client: AcmeClient; readonly accountUrl: string }> {
  const { keys, clock, random, userAgent } = ports;
  const transport = await ports.transportFor(config);
  const clientOf = (signer: Signer, accountUrl: string | null): AcmeClient =>
    createAcmeClient({
      directoryUrl: config.directory,
      transport,
      clock,
      random,
      userAgent,
      signer,
      ...(accountUrl === null ? {} : { accountUrl }),
      allowInsecureLoopback: config.allowInsecureLoopback,
      backoffs,
    });
  const known = await ensureAccountRow(ports, config);
  const row = await settle(ports, config, known, clientOf, signal);
  const client = clientOf(await openOrMake(keys, row.keyHandle, config.accountKey), row.url);
  return { client, accountUrl: row.url ?? (await register(ports, config, client, signal)) };
}

/** What the hosts of the CA with this directory bear; long pauses outlast this process. */
export function durableHostBackoff(
  { store, clock, random }: Pick<AcmePorts, 'store' | 'clock' | 'random'>,
  directory: string,
): HostBackoffs {
  return createHostBackoffs({
    clock,
    random,
    kept: store
      .read((db) => hostBackoffs(db, clock.now()))
      .flatMap((one) => (one.directory === directory ? [[one.host, one.until] as const] : [])),
    keep: (host, until) =>
      store.commit((transaction) => noteHostBackoff(transaction, { directory, host, until }, clock.now())),
  });
}

/** The handle is durable before the key is made, so that a kill in between loses no key. */
async function ensureAccountRow(ports: AcmePorts, config: IssuerConfig): Promise<AccountRow> {
  const { store, clock } = ports;
  const known = store.read((db) => readAccount(db, config));
  if (known !== null) return known;
  const keyHandle = newAccountKey(ports);
  const keyAt = clock.now();
  await store.commit((transaction) => insertAccount(transaction, config, keyHandle, keyAt));
  const { name: issuer, directory } = config;
  return { issuer, directory, keyHandle, keyAt, url: null, nextKey: null, rolloverAfter: 0, rolloverCode: null };
}

/** A handle for a key that is not made yet. */
export function newAccountKey({ random, keys }: Pick<AcmePorts, 'random' | 'keys'>): KeyHandle {
  return `${keys.storeFor('software').provider}:account-${Buffer.from(random.bytes(8)).toString('hex')}`;
}

/** The key of this handle; null when it was never made. */
async function openIfMade(keys: KeyCustody, handle: KeyHandle): Promise<Signer | null> {
  try {
    return await keys.open(handle);
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'KEY_NOT_FOUND') return null;
    throw error;
  }
}

/**
 * The key of this handle, made now where it is not there yet. One that is there has the algorithm that was wanted when
 * it was made.
 */
export async function openOrMake(keys: KeyCustody, handle: KeyHandle, algorithm: KeyAlgorithm): Promise<Signer> {
  const made = await openIfMade(keys, handle);
  if (made !== null) return made;
  await keys.generate(handle, algorithm);
  return keys.open(handle);
}

/**
 * A rollover that was begun and not finished: the CA is asked whether it knows the account by the new key. Where it
 * does, the rollover is finished; else the account is used with the key that it had, and the rollover tried again in
 * its time. Where the CA tells nothing, requests will show which key it is.
 */
async function settle(
  { store, keys, clock }: AcmePorts,
  config: IssuerConfig,
  row: AccountRow,
  clientOf: (signer: Signer, accountUrl: string) => AcmeClient,
  signal: AbortSignal,
): Promise<AccountRow> {
  if (row.nextKey === null || row.url === null) return row;
  const signer = await openIfMade(keys, row.nextKey);
  if (signer === null || (await clientOf(signer, row.url).isKeyOf(signer, signal)) !== true) return row;
  await store.commit((transaction) => finishRollover(transaction, row, clock.now()));
  return store.read((db) => readAccount(db, config)) ?? row;
}

async function register(
  ports: AcmePorts,
  config: IssuerConfig,
  client: AcmeClient,
  signal: AbortSignal,
): Promise<string> {
  const { store, resolveSecret } = ports;
  const binding = config.externalAccountBinding;
  const account = {
    contacts: config.contacts,
    termsOfServiceAgreed: config.termsOfServiceAgreed,
    ...(binding === null
      ? {}
      : {
          externalAccountBinding: {
            keyId: binding.keyId,
            hmacKey: macKeyOf(binding.hmacKey, await resolveSecret(binding.hmacKey)),
            algorithm: binding.algorithm,
          },
        }),
  };
  const { url, created } = await client.newAccount(account, signal).catch(async (error: unknown) => {
    // A key may belong to an account that is closed: nothing would ever be registered with it.
    if (isRefusal(error)) await store.commit((transaction) => replaceOnceADay(ports, transaction, config, null));
    throw error;
  });
  await store.commit((transaction) => noteRegistered(transaction, config, url, created));
  return url;
}

const DAY = 86_400_000;
/** The key of an account that the CA does not serve any more is kept for so long, should the CA have been wrong. */
const KEPT_MS = 30 * DAY;

/**
 * Another account with another key takes the place of the one with this address, which the CA does not serve; null: of
 * one that it does not register. At most one in a day: a CA that has something against us has it against every account,
 * and counts them.
 */
export function replaceOnceADay(
  ports: Pick<AcmePorts, 'clock' | 'random' | 'keys'>,
  transaction: Transaction,
  config: IssuerConfig,
  accountUrl: string | null,
  event: 'account.deactivated' | 'account.key-refused' = 'account.key-refused',
): void {
  const row = readAccount(transaction.db, config);
  const now = ports.clock.now();
  if (row === null || row.url !== accountUrl || now < (row.keyAt ?? 0) + DAY) return;
  replaceAccount(transaction, row, newAccountKey(ports), { now, destroyAt: now + KEPT_MS, event });
}

/** Whether the CA took the request and will have none of it: not its load, its limits, or the line. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof EverbindError)) return false;
  if (error.code !== 'ACME_PROBLEM' && error.code !== 'ACME_UNEXPECTED_RESPONSE') return false;
  const { httpStatus = 0 } = error.facts;
  return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429;
}
