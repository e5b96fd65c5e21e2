import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { loggedEvents } from '../../../lab/first-run/events.ts';
import type { Tools } from '../../../lab/first-run/tools.ts';

const event = (provider: string, id: number): string =>
  `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='${provider}'/><EventID>${id}</EventID></System></Event>`;

test('events of programs of somebody are not in the file, whatever their names have in them', async () => {
  const application = [
    event('Schannel', 36870),
    event('Microsoft-Windows-HttpEvent', 15021),
    event('Microsoft-Windows-WAS', 5002),
    event('Contoso Bank Certificate Service', 1),
    event('Wasserwerk Linz', 2),
    event('HTTP for Ada Lovelace', 3),
    event('Microsoft-Windows-Kernel-General', 4),
  ].join('\n');
  const tools: Tools = {
    folder: 'C:\\Windows\\System32',
    run: async (_, [, log]) => ({ status: 0, stdout: Buffer.from(log === 'Application' ? application : '') }),
  };
  deepEqual(
    (await loggedEvents(tools, '2026-11-23T18:00:00Z')).map(({ provider, id }) => `${provider} ${id}`),
    ['Schannel 36870', 'Microsoft-Windows-HttpEvent 15021', 'Microsoft-Windows-WAS 5002'],
  );
});
