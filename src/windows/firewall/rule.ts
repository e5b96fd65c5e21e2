export const PROFILES = ['Domain', 'Private', 'Public'] as const;
export type Profile = (typeof PROFILES)[number];

/** A rule of Windows Defender Firewall for what comes in, as far as it matters to a TCP port. */
export interface InboundRule {
  readonly action: 'allow' | 'block';
  readonly profiles: readonly Profile[];
  /** First and last port of each range; null: every port. */
  readonly ports: readonly (readonly [first: number, last: number])[] | null;
  /** Path of the program, with variables, or `System`; null: every program. */
  readonly program: string | null;
  /** It holds for some connections only: of certain addresses, interfaces, services, users or with IPsec. */
  readonly conditional: boolean;
}

/**
 * Reads a rule in the grammar of [MS-GPFAS] 2.2.2.19, in which the registry keeps those of the machine as well. null:
 * it has nothing to do with TCP that comes in, or is not active. `unreadable`: not in that grammar. Fields that are not
 * known here count as conditions.
 */
export function readInboundRule(text: string): InboundRule | 'unreadable' | null {
  const [version = '', ...fields] = text.split('|');
  if (!/^v\d{1,3}\.\d{1,3}$/.test(version) || fields.pop() !== '') return 'unreadable';
  const values = new Map<string, string[]>();
  for (const field of fields) {
    const equals = field.indexOf('=');
    if (equals < 1) return 'unreadable';
    const [name, value] = [field.slice(0, equals), field.slice(equals + 1)];
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  if (ONCE.some((name) => (values.get(name)?.length ?? 0) > 1)) return 'unreadable';
  const action = ACTIONS.get(onlyOf(values, 'Action') ?? '');
  const direction = onlyOf(values, 'Dir');
  if (action === undefined || (direction !== 'In' && direction !== 'Out')) return 'unreadable';
  if (direction === 'Out' || onlyOf(values, 'Active') !== 'TRUE') return null;
  const protocol = onlyOf(values, 'Protocol');
  if (protocol !== null && protocol !== TCP) return /^\d{1,3}$/.test(protocol) ? null : 'unreadable';
  const profiles = PROFILES.filter((profile) => values.get('Profile')?.includes(profile) ?? true);
  return {
    action: action === 'block' ? 'block' : 'allow',
    profiles,
    ports: portsOf(values),
    program: onlyOf(values, 'App'),
    conditional: action === 'bypass' || [...values.keys()].some((name) => !KNOWN.has(name)),
  };
}

const TCP = '6';
const ACTIONS: ReadonlyMap<string, 'allow' | 'block' | 'bypass'> = new Map([
  ['Allow', 'allow'],
  ['Block', 'block'],
  ['ByPass', 'bypass'],
]);

const PORT_FIELDS = ['LPort', 'LPort2_10', 'LPort2_20', 'LPort2_24', 'LPort2_25', 'LPort2_29'] as const;
/** Of no weight here: names, and what concerns NAT traversal and the source ports of replies. */
const HARMLESS = ['Name', 'Desc', 'EmbedCtxt', 'Edge', 'Defer', 'LSM'] as const;
const ONCE = ['Action', 'Active', 'App', 'Dir', 'Protocol'] as const;
/** Not Svc: a service is a condition, and `*` is services only (INetFwRule::put_ServiceName). */
const KNOWN: ReadonlySet<string> = new Set<string>([...ONCE, 'Profile', ...PORT_FIELDS, ...HARMLESS]);

/** null when it is absent. */
function onlyOf(values: ReadonlyMap<string, readonly string[]>, name: (typeof ONCE)[number]): string | null {
  return values.get(name)?.[0] ?? null;
}

function portsOf(values: ReadonlyMap<string, readonly string[]>): InboundRule['ports'] {
  const texts = PORT_FIELDS.flatMap((name) => values.get(name) ?? []);
  if (texts.length === 0) return null;
  return texts.flatMap((text) => {
    // Keywords stand for ports of RPC, Teredo and the like.
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    return first === undefined ? [] : [[Number(first), Number(last)] as const];
  });
}
