import { createAcmeClient, type AcmeClient } from '../acme/client.ts';
import type { IssuerConfig } from '../config/types.ts';
import { EverbindError } from '../errors/error.ts';
import type { KeyHandle } from '../ports/key-store.ts';
import type { Transport } from '../ports/transport.ts';
import { statement } from '../store/statements.ts';
import { appliedConfig } from './applied-config.ts';
import type { EngineParts } from './parts.ts';

/** A CA with our account there. */
export interface IssuerSession {
  readonly config: IssuerConfig;
  readonly client: AcmeClient;
  readonly accountUrl: string;
  readonly roots: readonly Uint8Array[];
}

/** Opens each issuer once for all renewals of a run. */
export interface IssuerSessions {
  /** Registers the account when there is none yet. A failure is not kept: the next caller tries again. */
  open(issuer: string): Promise<IssuerSession>;
  /**
   * The CA does not know the account of this session any more: it is registered anew, with its key, when it is needed next. Does nothing when
   * another renewal has noticed before, and the account may be there again already.
   */
  forgetAccount(session: IssuerSession): Promise<void>;
}

export function createIssuerSessions(parts: EngineParts): IssuerSessions {
  const opened = new Map<string, Promise<IssuerSession>>();
  const transports = new Map<string, Promise<Transport>>();
  // One connection pool for an issuer, however often its account cannot be opened.
  const transportFor = (config: IssuerConfig): Promise<Transport> => {
    const kept = transports.get(config.name) ?? parts.transportFor(config);
    transports.set(config.name, kept);
    kept.catch(() => transports.delete(config.name));
    return kept;
  };
  return {
    open: (name) => {
      let session = opened.get(name);
      if (session === undefined) {
        session = openIssuer({ ...parts, transportFor }, name);
        opened.set(name, session);
        session.catch(() => opened.delete(name));
      }
      return session;
    },
    forgetAccount: async (session) => {
      const { config, accountUrl } = session;
      const { name } = config;
      const current = opened.get(name);
      if ((await current?.catch(() => null)) !== session || opened.get(name) !== current) return;
      opened.delete(name);
      await parts.store.commit(({ db, audit }) => {
        const { changes } = statement(db, 'UPDATE account SET url = NULL WHERE issuer = ? AND url = ?').run(
          name,
          accountUrl,
        );
        if (changes > 0) audit({ type: 'account.lost', subject: name, data: { url: accountUrl } });
      });
    },
  };
}

async function openIssuer(parts: EngineParts, name: string): Promise<IssuerSession> {
  const { store, keys, clock, random, userAgent } = parts;
  const config = store.read(appliedConfig)?.issuers.find((issuer) => issuer.name === name);
  if (config === undefined) {
    throw new EverbindError('CONFIG_INVALID', `the issuer ${name} is not in the configuration any more`, {
      issuer: name,
    });
  }
  const [transport, roots, account] = await Promise.all([
    parts.transportFor(config),
    parts.rootsFor(config),
    ensureAccountRow(parts, config),
  ]);
  await keys.generate(account.keyHandle, config.accountKey);
  const signer = await keys.open(account.keyHandle);
  const client = createAcmeClient({
    directoryUrl: config.directory,
    transport,
    clock,
    random,
    userAgent,
    signer,
    ...(account.url === null ? {} : { accountUrl: account.url }),
    allowInsecureLoopback: config.allowInsecureLoopback,
  });
  const accountUrl = account.url ?? (await register(parts, config, client));
  return { config, client, accountUrl, roots };
}

interface AccountRow {
  readonly keyHandle: KeyHandle;
  readonly url: string | null;
}

/** The handle is durable before the key is made, so that a kill in between loses no key. */
async function ensureAccountRow({ store, random, keys }: EngineParts, config: IssuerConfig): Promise<AccountRow> {
  const handle = `${keys.storeFor('software').provider}:account-${Buffer.from(random.bytes(8)).toString('hex')}`;
  return store.commit(({ db, audit }) => {
    const find = statement(db, 'SELECT key_handle, url FROM account WHERE issuer = ? AND directory = ?');
    const row = find.get(config.name, config.directory);
    if (row !== undefined) return { keyHandle: row['key_handle'] as string, url: row['url'] as string | null };
    statement(db, 'INSERT INTO account (issuer, directory, key_handle) VALUES (?, ?, ?)').run(
      config.name,
      config.directory,
      handle,
    );
    audit({ type: 'account.started', subject: config.name, data: { directory: config.directory, key: handle } });
    return { keyHandle: handle, url: null };
  });
}

async function register(parts: EngineParts, config: IssuerConfig, client: AcmeClient): Promise<string> {
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
