import type { StoreName } from '../../../src/ports/windows-host.ts';
import { type Ask, judgeAll, statusText, toolsOf } from '../asking.ts';
import { makeAuthority } from '../certificates.ts';
import { commitStatuses } from '../native/commit-store.ts';
import { placeAuthority } from '../place.ts';

const stores: readonly StoreName[] = ['MY', 'WebHosting', 'CA'];

/** Question 3. */
export const askCommit: Ask = async (asking) => {
  const parts: [boolean, string][] = [];
  for (const store of stores) {
    const authority = makeAuthority(asking.random, asking.clock.now(), `store ${store}`);
    await placeAuthority(asking, store, authority);
    const found = await asking.host.certificates.find(store, authority.thumbprint);
    const listed = await asking.host.certificates.list(store);
    const both = found !== null && listed.some(({ thumbprint }) => thumbprint === authority.thumbprint);
    parts.push([both, `${store}: found by a fresh handle`]);
  }
  if (asking.native !== null) {
    for (const { store, force, status, ms } of await commitStatuses(asking, stores)) {
      parts.push([true, `COMMIT${force ? '|FORCE' : ''} on ${store}: ${statusText(status)} in ${Math.round(ms)} ms`]);
    }
  }
  return judgeAll(parts);
};

/** Question 4. */
export const askOtherProcess: Ask = async (asking) => {
  const tools = toolsOf(asking);
  const parts: [boolean, string][] = [];
  for (const store of stores) {
    const authority = makeAuthority(asking.random, asking.clock.now(), `process ${store}`);
    await placeAuthority(asking, store, authority);
    const status = await asking.call(
      'certutil -store',
      async () => (await tools.run('certutil', ['-store', store, authority.thumbprint])).status ?? 0xffffffff,
    );
    parts.push([status === 0, `${store}: certutil ends with ${statusText(status)}`]);
  }
  return judgeAll(parts);
};
