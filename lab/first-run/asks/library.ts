import { onThread } from '../../../src/windows/ffi/on-thread.ts';
import type { SslRecordKey } from '../../../src/ports/windows-host.ts';
import { type Ask, judgeAll, nativeOf, statusOf, statusText } from '../asking.ts';
import { newKey } from '../certificates.ts';
import { hostOf, keyName, PROVIDERS, URL_FOLDER } from '../own-names.ts';
import { placeLeaf, placeRecord, recordOf } from '../place.ts';
import { get } from './http.ts';

/** Question 1. */
export const askLoad: Ask = async (asking) => {
  const { ffi } = nativeOf(asking);
  const getTickCount = ffi.open('kernel32').func<() => bigint | number>('uint64_t __stdcall GetTickCount64()');
  const seen: (bigint | number)[] = [];
  await asking.call('GetTickCount64', () => {
    seen.push(getTickCount());
    return 0;
  });
  await asking.call('GetTickCount64 on another thread', async () => {
    seen.push(await onThread(getTickCount, []));
    return 0;
  });
  const [first = 0, second = 0] = seen.map(Number);
  return judgeAll([
    [first > 0, 'a call on the main thread returns'],
    [second >= first, 'a call on another thread returns'],
  ]);
};

/** Question 2: each group of structures by the calls that take them. */
export const askStructures: Ask = async (asking) => {
  nativeOf(asking);
  const { host } = asking;
  const parts: [boolean, string][] = [];
  const attempt = async (structures: string, work: () => Promise<boolean>): Promise<void> => {
    const result = await work().catch((error: unknown) => statusOf(Promise.reject(error as Error)));
    const good = result === true;
    const text = typeof result === 'number' ? statusText(result) : good ? 'read back' : 'read back otherwise';
    parts.push([good, `${structures}: ${text}`]);
  };
  const leaf = await placeLeaf(asking, { hosts: [hostOf('q02')] });
  await attempt('CERT_CONTEXT, CRYPT_KEY_PROV_INFO, CRYPT_DATA_BLOB, NCryptBuffer, NCryptBufferDesc', async () => {
    const found = await host.certificates.find('MY', leaf.thumbprint);
    return found?.hasPrivateKey === true && found.friendlyName !== null;
  });
  const record = async (key: SslRecordKey): Promise<boolean> => {
    await placeRecord(asking, recordOf(key, leaf));
    const found = await host.sslRecords.query(key);
    return found?.certificateHash === leaf.thumbprint && found.key.port === key.port;
  };
  const port = await asking.port();
  await attempt('SOCKADDR_IN, …_SSL_SET, …_SSL_QUERY, …_SSL_PARAM', () =>
    record({ kind: 'ipport', address: '127.0.0.1', port }),
  );
  await attempt('SOCKADDR_IN6', () => record({ kind: 'ipport', address: '::1', port }));
  await attempt('SOCKADDR_STORAGE, …_SSL_SNI_SET, …_SSL_SNI_QUERY', () =>
    record({ kind: 'hostnameport', host: hostOf('q02'), port }),
  );
  await attempt('…_SSL_CCS_QUERY', async () => (await host.sslRecords.query({ kind: 'ccs', port })) === null);
  await attempt('…_IP_LISTEN_QUERY', async () => Array.isArray(await host.endpoints('*', port)));
  await attempt('NCryptProviderName', async () => (await host.keys.providers()).includes(PROVIDERS.software));
  for (const [index, algorithm] of (['ec-p256', 'rsa-2048'] as const).entries()) {
    const name = keyName(PROVIDERS.software, index);
    asking.onEnd(() => host.keys.remove(name));
    await attempt(
      `BCRYPT_${algorithm === 'ec-p256' ? 'ECCKEY_BLOB' : 'RSAKEY_BLOB, BCRYPT_PKCS1_PADDING_INFO'}`,
      async () => {
        await host.keys.create(name, algorithm);
        const signature = await host.keys.sign(
          name,
          algorithm === 'ec-p256' ? 'ES256' : 'RS256',
          newKey('ec-p256').publicKey,
        );
        return signature.length > 0 && (await host.keys.publicKey(name)) !== null;
      },
    );
  }
  const http = await asking.port();
  await attempt(
    'HTTP_REQUEST, HTTP_RESPONSE, HTTP_KNOWN_HEADER, HTTP_DATA_CHUNK, HTTP_BINDING_INFO, OVERLAPPED',
    async () => {
      asking.onEnd(await host.httpServer.serve(`http://+:${http}${URL_FOLDER}`, () => 'response'));
      return (await get({ address: '127.0.0.1', port: http }, URL_FOLDER, `localhost:${http}`)).body === 'response';
    },
  );
  return judgeAll(parts);
};
