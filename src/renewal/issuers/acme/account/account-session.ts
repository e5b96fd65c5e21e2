import { isTransient } from '../../../../acme/session/response.ts';
import { createAcmeClient, type AcmeClient } from '../../../../acme/client.ts';
import type { HostBackoffs } from '../../../../acme/session/host-backoff.ts';
import { AcmeProblemError } from '../../../../acme/messages/problem.ts';
import type { IssuerConfig } from '../../../../config/types.ts';
import type { Signer } from '../../../../ports/signer.ts';
import { statement } from '../../../../store/statements.ts';
import { type AccountRow, finishRollover, readAccount } from '../../../state/account-table.ts';
import { openIfMade, openOrMake } from './open-key.ts';
import type { EnginePorts } from '../../../engine/engine-ports.ts';

/** A client that speaks as our account with this CA, which is registered when there is none yet. */
export async function openAccount(
  parts: EnginePorts,
  config: IssuerConfig,
  holds: HostBackoffs,
): Promise<{ readonly client: AcmeClient; readonly accountUrl: string }> {
  const { keys, clock, random, userAgent } = parts;
  const transport = await parts.transportFor(config);
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
      holds,
    });
  const row = await settle(parts, config, await ensureAccountRow(parts, config), (signer) => clientOf(signer, null));
  const client = clientOf(await openOrMake(keys, row.keyHandle, config.accountKey), row.url);
  return { client, accountUrl: row.url ?? (await register(parts, config, client)) };
}

/** The handle is durable before the key is made, so that a kill in between loses no key. */
async function ensureAccountRow(
  { store, random, keys, clock }: EnginePorts,
  config: IssuerConfig,
): Promise<AccountRow> {
  const known = store.read((db) => readAccount(db, config));
  if (known !== null) return known;
  const key = newAccountKey({ random, keys });
  return store.commit(({ db, audit }) => {
    const { name, directory } = config;
    statement(db, 'INSERT INTO account (issuer, directory, key_handle, key_at) VALUES (?, ?, ?, ?)').run(
      name,
      directory,
      key,
      clock.now(),
    );
    audit({ type: 'account.started', subject: name, data: { directory, key } });
    return readAccount(db, config) as AccountRow;
  });
}

/** A handle for a key that is not made yet. */
export function newAccountKey({ random, keys }: Pick<EnginePorts, 'random' | 'keys'>): string {
  return `${keys.storeFor('software').provider}:account-${Buffer.from(random.bytes(8)).toString('hex')}`;
}

/**
 * A rollover that was begun and not finished: the CA is asked whether it knows the account by the new key (RFC 8555 section 7.3.1). Where it
 * does, the rollover is finished; else the account is used with the key that it had, and the rollover tried again in its time.
 */
async function settle(
  { store, keys, clock }: EnginePorts,
  config: IssuerConfig,
  row: AccountRow,
  clientOf: (signer: Signer) => AcmeClient,
): Promise<AccountRow> {
  const signer = row.nextKey === null || row.url === null ? null : await openIfMade(keys, row.nextKey);
  if (signer === null) return row;
  try {
    const { url } = await clientOf(signer).newAccount({ onlyReturnExisting: true });
    if (url !== row.url) return row;
  } catch (error) {
    if (error instanceof AcmeProblemError && !isTransient(error)) return row;
    throw error;
  }
  await store.commit((transaction) => finishRollover(transaction, row, clock.now()));
  return store.read((db) => readAccount(db, config)) ?? row;
}

async function register(parts: EnginePorts, config: IssuerConfig, client: AcmeClient): Promise<string> {
  const binding = config.externalAccountBinding;
  const { url, created } = await client.newAccount({
    contacts: config.contacts,
    termsOfServiceAgreed: config.termsOfServiceAgreed,
    ...(binding === null
      ? {}
      : {
          externalAccountBinding: {
            keyId: binding.keyId,
            hmacKey: Buffer.from(await parts.resolveSecret(binding.hmacKey), 'base64url'),
          },
        }),
  });
  await parts.store.commit(({ db, audit }) => {
    statement(db, 'UPDATE account SET url = ? WHERE issuer = ? AND directory = ?').run(
      url,
      config.name,
      config.directory,
    );
    audit({ type: 'account.registered', subject: config.name, data: { url, created } });
  });
  return url;
}
