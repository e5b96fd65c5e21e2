import { createHostPace } from '../../cloud/host-pace.ts';
import { EverbindError } from '../../errors/error.ts';
import type { TxtRecord } from '../../ports/dns-provider.ts';
import type { ProgramEnd } from '../run-program.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting } from '../provider-kit/provider-failure.ts';
import { optional, timeToLive, TTL_SETTING } from '../provider-kit/settings.ts';
import { relativeName, type Zone, walkUp } from '../provider-kit/zones.ts';

// Win32 codes that dnscmd ends with (winerror.h). Decisions depend on them, never on its text.
const DONE = 0;
const ACCESS_DENIED = 5;
const RPC_SERVER_UNAVAILABLE = 1722;
const ZONE_DOES_NOT_EXIST = 9601;
const RECORD_DOES_NOT_EXIST = 9701;
const RECORD_ALREADY_EXISTS = 9711;
const NAME_DOES_NOT_EXIST = 9714;

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 1 << 20;

/** The DNS Server of Windows. dnscmd.exe adds and removes single records. */
export const windowsDns: ProviderDefinition = {
  name: 'windows-dns',
  title: 'Windows DNS Server',
  settings: [
    {
      name: 'server',
      required: false,
      secret: false,
      description: 'Host name or address of the DNS server; `.` is this machine.',
      default: '.',
      example: 'dc1.corp.example.com',
    },
    TTL_SETTING,
  ],
  privilege:
    'No credentials: dnscmd runs as the account of Everbind. Give that account (the computer account for SYSTEM) the right to create and delete child objects in the one zone, in place of membership in DnsAdmins. dnscmd comes with the DNS Server Tools feature.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://learn.microsoft.com/windows-server/administration/windows-commands/dnscmd',
  create: (settings, { runProgram, systemFolder, clock }) => {
    const server = optional(settings, 'server') ?? '.';
    if (!/^(?:\.|[A-Za-z0-9][A-Za-z0-9.:-]{0,252})$/.test(server))
      throw wrongSetting('server', 'a host name, an address or "."');
    const ttl = String(timeToLive(settings));

    async function dnscmd(args: readonly string[], signal?: AbortSignal): Promise<number> {
      if (systemFolder === null) {
        throw new EverbindError(
          'WIN_NOT_WINDOWS',
          'windows-dns needs dnscmd.exe, which only Windows has; rfc2136 works from everywhere',
        );
      }
      const program = `${systemFolder}\\dnscmd.exe`;
      const run = { command: [program, server, ...args], input: '', timeoutMs: TIMEOUT_MS, maxOutput: MAX_OUTPUT };
      const end = await runProgram(run, signal);
      if (end.kind !== 'exited' || end.exitCode === null) throw notRun(program, end);
      // Node gives the status as a signed number.
      const code = end.exitCode >>> 0;
      if (code === ACCESS_DENIED) {
        throw new EverbindError('DNS_CREDENTIALS_REFUSED', `the DNS server ${server} denies access to this account`, {
          server,
          exitCode: code,
        });
      }
      return code;
    }

    function unexpected(code: number): EverbindError {
      const why = code === RPC_SERVER_UNAVAILABLE ? 'cannot be reached' : `answers ${code}`;
      return new EverbindError('DNS_PROVIDER_FAILED', `the DNS server ${server} ${why}`, { server, exitCode: code });
    }

    const zoneOf = (name: string, signal?: AbortSignal): Promise<Zone<true>> =>
      walkUp('Windows DNS', name, async (candidate) => {
        const code = await dnscmd(['/ZoneInfo', candidate], signal);
        if (code === DONE) return true;
        if (code === ZONE_DOES_NOT_EXIST) return null;
        throw unexpected(code);
      });

    async function change(
      record: TxtRecord,
      argumentsFor: (zone: string, node: string) => readonly string[],
      fine: readonly number[],
      signal?: AbortSignal,
    ): Promise<void> {
      const { name: zone } = await zoneOf(record.name, signal);
      const code = await dnscmd(argumentsFor(zone, relativeName(record.name, zone)), signal);
      if (code !== DONE && !fine.includes(code)) throw unexpected(code);
    }

    // Each change starts programs: a few at a time.
    const pace = createHostPace(clock, () => false);
    const paced: typeof change = (record, argumentsFor, fine, signal) =>
      pace.run(() => change(record, argumentsFor, fine, signal), signal);
    return {
      present: (record, signal) =>
        paced(
          record,
          (zone, node) => ['/RecordAdd', zone, node, ttl, 'TXT', record.value],
          [RECORD_ALREADY_EXISTS],
          signal,
        ),
      cleanUp: (record, signal) =>
        paced(
          record,
          (zone, node) => ['/RecordDelete', zone, node, 'TXT', record.value, '/f'],
          [RECORD_DOES_NOT_EXIST, NAME_DOES_NOT_EXIST],
          signal,
        ),
      findZone: async (name, signal) => (await zoneOf(name, signal)).name,
    };
  },
};

function notRun(program: string, end: ProgramEnd): EverbindError {
  const why = end.kind === 'not-started' ? `cannot be started (${end.code})` : `was stopped (${end.kind})`;
  return new EverbindError('DNS_PROVIDER_FAILED', `${program} ${why}`, { program, reason: end.kind });
}
