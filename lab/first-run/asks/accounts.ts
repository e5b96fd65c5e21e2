import { ACCOUNTS, asAccount } from '../account-task.ts';
import { type Ask, judgeAll, nativeOf, Skip, statusText, toolsOf } from '../asking.ts';
import { keyName, PROVIDERS } from '../own-names.ts';

/** Question 7. */
export const askAccounts: Ask = async (asking) => {
  nativeOf(asking);
  toolsOf(asking);
  const name = keyName(PROVIDERS.software, 0);
  asking.onEnd(() => asking.host.keys.remove(name));
  await asking.host.keys.create(name, 'ec-p256');
  const system = await asAccount(asking, ACCOUNTS.system, { kind: 'sign', ...name });
  if (system === null) throw new Skip('scheduled tasks that run: one as SYSTEM did not respond within a minute');
  const service = await asAccount(asking, ACCOUNTS.networkService, { kind: 'sign', ...name });
  const silent = 'did not respond: it may be unable to read this checkout';
  const answer = judgeAll([
    [system === 0, `SYSTEM signs: ${statusText(system)}`],
    [service !== 0, `NETWORK SERVICE: ${service === null ? silent : statusText(service)}`],
  ]);
  return service === null && answer.verdict === 'yes' ? { ...answer, verdict: 'other' } : answer;
};
