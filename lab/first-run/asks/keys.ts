import type { CertificateKeyAlgorithm } from '../../../src/ports/key-store.ts';
import type { ProviderFacts } from '../../../src/selftest/result-file.ts';
import {
  type Answer,
  type Ask,
  type Asking,
  judge,
  judgeAll,
  nativeOf,
  Skip,
  statusOf,
  statusText,
} from '../asking.ts';
import { newKey } from '../certificates.ts';
import {
  accessListOf,
  exportStatus,
  importByProperty,
  makeKeyByCalls,
  rsaBlob,
  sign,
  withKeyHandle,
  withProviderHandle,
} from '../native/new-key.ts';
import { ALGORITHMS } from '../../../src/selftest/keys.ts';
import { hostOf, keyName, PROVIDERS } from '../own-names.ts';
import { placeLeaf } from '../place.ts';

const EXISTS = 0x8009000f;

/** Question 5. */
export const askCreate: Ask = async (asking) => {
  const { host } = asking;
  const parts: [boolean, string][] = [];
  for (const [index, algorithm] of ALGORITHMS.entries()) {
    const name = keyName(PROVIDERS.software, index);
    asking.onEnd(() => host.keys.remove(name));
    const began = performance.now();
    const made = await statusOf(host.keys.create(name, algorithm));
    const ms = Math.round(performance.now() - began);
    const again = await statusOf(host.keys.create(name, algorithm));
    parts.push([made === 0, `${algorithm}: ${statusText(made)} in ${ms} ms`]);
    parts.push([again === EXISTS, `${algorithm} again: ${statusText(again)}`]);
    await host.keys.remove(name);
  }
  if (asking.native === null) return judgeAll(parts);
  for (const provider of await registered(asking)) {
    const facts = await factsOf(asking, provider);
    asking.note({ kind: 'provider', provider: facts });
    const text = facts.algorithms.map(({ algorithm, status, perProperty, createMs }) => {
      const properties = Object.entries(perProperty).map(([name, value]) => `${name} ${statusText(value)}`);
      return `${algorithm} ${statusText(status ?? 0)} (${properties.join(', ')}; ${createMs ?? '-'} ms)`;
    });
    const open = facts.open === 0 ? '' : `cannot be opened: ${statusText(facts.open ?? 0)}`;
    parts.push([provider !== PROVIDERS.software || facts.open === 0, `${provider}: ${open}${text.join(', ')}`]);
  }
  return judgeAll(parts);
};

/** Providers of Windows, which are no names of anybody's. A smart card may ask for a PIN: it is not made to. */
async function registered(asking: Asking): Promise<readonly string[]> {
  const all = await asking.host.keys.providers();
  return all.filter((name) => name === PROVIDERS.software || name === PROVIDERS.platform);
}

async function factsOf(asking: Asking, provider: string): Promise<ProviderFacts> {
  const made = await withProviderHandle(asking, provider, async (handle) => {
    const found: ProviderFacts['algorithms'][number][] = [];
    for (const [index, algorithm] of ALGORITHMS.entries()) {
      const name = keyName(provider, index + 5);
      asking.onEnd(() => asking.host.keys.remove(name));
      found.push(await makeKeyByCalls(asking, handle, name, algorithm));
    }
    return found;
  });
  return typeof made === 'number'
    ? { name: provider, open: made, algorithms: [] }
    : { name: provider, open: 0, algorithms: made };
}

/** Question 6. */
export const askDescriptor: Ask = async (asking) => {
  nativeOf(asking);
  const name = keyName(PROVIDERS.software, 0);
  asking.onEnd(() => asking.host.keys.remove(name));
  await asking.host.keys.create(name, 'ec-p256');
  const list = await withProviderHandle(asking, name.provider, (provider) =>
    withKeyHandle(asking, provider, name, (handle) => accessListOf(asking, handle)),
  );
  if (typeof list === 'number') return { verdict: 'no', observed: `cannot be read: ${statusText(list)}` };
  return judgeDescriptor(list);
};

function judgeDescriptor(sddl: string): Answer {
  const entries = [...sddl.matchAll(/\(([^()]*)\)/g)].map(([, entry = '']) => entry.split(';'));
  const holders = entries.map(([type, , , , , sid]) => `${type} ${wellKnown(sid ?? '')}`);
  const rights = entries.map(([, , right]) => right ?? '');
  const wanted = new Set(['A SY', 'A BA']);
  return judgeAll([
    [sddl.includes('D:P'), 'protected from inheritance'],
    [
      holders.length === 2 && holders.every((holder) => wanted.has(holder)),
      `entries: ${holders.join(', ')} with ${rights.join(', ')}`,
    ],
  ]);
}

/** A SID of a person is not written down. */
function wellKnown(sid: string): string {
  return /^[A-Z]{2}$/.test(sid) || /^S-1-[1-5](-\d{1,3}){1,2}$/.test(sid) ? sid : 'somebody';
}

/** Question 8. */
export const askRsaImport: Ask = async (asking) => {
  const pair = newKey('rsa-2048');
  // Through the port: that is what the program does.
  const imported = await statusOf(placeLeaf(asking, { hosts: [hostOf('q08')], pair }));
  const parts: [boolean, string][] = [[imported === 0, `as the program does it: ${statusText(imported)}`]];
  if (asking.native === null) return judgeAll(parts);
  const jwk = pair.key.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>;
  const others = await withProviderHandle(asking, PROVIDERS.software, async (provider) => {
    const texts: string[] = [];
    const forms = [
      ['PRIVATEBLOB', false],
      ['PRIVATEBLOB', true],
      ['RSAFULLPRIVATEBLOB', true],
    ] as const;
    for (const [index, [property, full]] of forms.entries()) {
      const name = keyName(PROVIDERS.software, index);
      asking.onEnd(() => asking.host.keys.remove(name));
      const octets = rsaBlob(jwk, full);
      const { set, finalize, pkcs1 } = await importByProperty(asking, provider, name, property, octets);
      octets.fill(0);
      const rest = finalize === null ? '' : `, finalize ${statusText(finalize)}, sign ${statusText(pkcs1 ?? 0)}`;
      const what = `${property} with an RSA ${full ? 'full ' : ''}private blob`;
      texts.push(`${what}: ${statusText(set)}${rest}`);
    }
    return texts;
  });
  for (const text of typeof others === 'number' ? [`provider ${statusText(others)}`] : others) parts.push([true, text]);
  return judgeAll(parts);
};

/** Question 9. */
export const askProviderStatuses: Ask = async (asking) => {
  const { host } = asking;
  const all = await host.keys.providers();
  const parts: [boolean, string][] = [];
  const attempt = async (provider: string, algorithm: CertificateKeyAlgorithm): Promise<number> => {
    const name = keyName(provider, 0);
    asking.onEnd(() => host.keys.remove(name));
    return statusOf(host.keys.create(name, algorithm));
  };
  const unknown = await attempt('Everbind First Run Provider', 'ec-p256');
  parts.push([unknown !== 0, `unknown provider: ${statusText(unknown)}`]);
  const upper = await attempt(PROVIDERS.software.toUpperCase(), 'ec-p256');
  parts.push([upper === 0, `the software provider in capitals: ${statusText(upper)}`]);
  for (const provider of [PROVIDERS.platform, PROVIDERS.smartCard]) {
    if (!all.includes(provider)) {
      parts.push([true, `${provider} is not registered`]);
      continue;
    }
    const small = await attempt(provider, 'rsa-2048');
    if (small === 0) await host.keys.remove(keyName(provider, 0));
    // What a device that is away returns, or nothing wrong.
    parts.push([[0, 0x80090030, 0x80090016].includes(small), `${provider}, rsa-2048: ${statusText(small)}`]);
    if (small !== 0) continue;
    const large = await attempt(provider, 'rsa-4096');
    parts.push([[0, 0x80090027, 0x80090029].includes(large), `${provider}, rsa-4096: ${statusText(large)}`]);
    if (large === 0) await host.keys.remove(keyName(provider, 0));
  }
  return judge(parts);
};

/** Question 10. */
export const askPss: Ask = async (asking) => {
  const native = nativeOf(asking);
  const parts: [boolean, string][] = [];
  for (const provider of await registered(asking)) {
    const name = keyName(provider, 0);
    asking.onEnd(() => asking.host.keys.remove(name));
    const made = await statusOf(asking.host.keys.create(name, 'rsa-2048'));
    if (made !== 0) {
      parts.push([provider !== PROVIDERS.software, `${provider}: no key, ${statusText(made)}`]);
      continue;
    }
    const signed = await withProviderHandle(asking, provider, (open) =>
      withKeyHandle(asking, open, name, async (handle) => {
        const pkcs1 = await sign(asking, native, handle, 'pkcs1');
        const pss = await sign(asking, native, handle, 'pss');
        const out = await exportStatus(asking, handle);
        return { pkcs1, pss, out };
      }),
    );
    if (typeof signed === 'number') {
      parts.push([provider !== PROVIDERS.software, `${provider}: cannot be opened, ${statusText(signed)}`]);
      continue;
    }
    const { pkcs1, pss, out } = signed;
    const text = `${provider}: PKCS#1 ${statusText(pkcs1)}, PSS ${statusText(pss)}`;
    parts.push([provider !== PROVIDERS.software || (pkcs1 === 0 && pss === 0), text]);
    parts.push([out !== 0, `${provider}: export of the private key ${statusText(out)}`]);
  }
  if (parts.length === 0) throw new Skip('a provider of Windows');
  return judgeAll(parts);
};
