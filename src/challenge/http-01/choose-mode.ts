import type { HttpChallengeConfig } from '../../config/types.ts';
import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import type { InboundAccess } from '../../ports/windows-host.ts';
import { sitesFor } from './sites.ts';

export type HttpMode = 'webroot' | 'http.sys' | 'listener';

/** Why a mode was chosen; docs/challenges.md explains each. */
export const CHOICE_CODES = [
  'no-windows-host',
  'path-configured',
  'elevated',
  'not-elevated',
  'http-sys-refused',
  'inbound-rule',
] as const;
export type ChoiceCode = (typeof CHOICE_CODES)[number];

/** The mode of http-01 for a name, and why: a stable word for programs and a sentence for the log. */
export interface HttpModeChoice {
  readonly mode: HttpMode;
  readonly code: ChoiceCode;
  readonly reason: string;
}

export interface HttpModeFacts {
  /** As canonicalHost has it. */
  readonly name: string;
  readonly config: Pick<HttpChallengeConfig, 'path' | 'port'>;
  /** null on a machine without IIS. `listenerAccess`: whether the firewall lets connections reach our own listener. */
  readonly windows: {
    readonly elevated: boolean;
    readonly sites: readonly SiteInventory[];
    readonly listenerAccess: InboundAccess;
  } | null;
  /** The modes that have failed for this name, with the message of the failure. */
  readonly failed: ReadonlyMap<HttpMode, string>;
}

/** No mode is left, or none can work. `reason`: why those that were not tried cannot; '' when all have failed. */
export interface NoHttpMode {
  readonly mode: null;
  readonly reason: string;
}

/** The mode for http-01 where `auto` is configured; a decision on facts, without I/O. */
export function chooseHttpMode({ name, config, windows, failed }: HttpModeFacts): HttpModeChoice | NoHttpMode {
  const { path, port } = config;
  const only = (choice: HttpModeChoice): HttpModeChoice | NoHttpMode =>
    failed.has(choice.mode) ? { mode: null, reason: '' } : choice;
  if (windows === null) {
    return only({ mode: 'listener', code: 'no-windows-host', reason: 'there is no IIS on this machine' });
  }
  if (path !== null) {
    return only({ mode: 'webroot', code: 'path-configured', reason: `the folder ${path} is configured` });
  }

  const { elevated, listenerAccess } = windows;
  const refusal = failed.get('http.sys');
  if (elevated && refusal === undefined) {
    const reason = `this process may register URL prefixes, and http.sys shares port ${port} with every site`;
    return { mode: 'http.sys', code: 'elevated', reason };
  }
  const notElevated = elevated ? [] : ['this process is not elevated, so http.sys would refuse a URL prefix'];
  const served = sitesFor(windows.sites, 'http', name, port) !== null;
  if (served && !failed.has('webroot')) {
    const [reason = refusal ?? ''] = notElevated;
    return { mode: 'webroot', code: elevated ? 'http-sys-refused' : 'not-elevated', reason };
  }
  const notServed = served ? [] : [`no started IIS site has an http binding for it on port ${port}`];
  const doubt = DOUBTS[listenerAccess];
  if (elevated && doubt === null && !failed.has('listener')) {
    const reason = 'the firewall has an inbound rule for this program, and no other mode is left';
    return { mode: 'listener', code: 'inbound-rule', reason };
  }
  const notListening = elevated && doubt !== null ? [doubt] : [];
  return { mode: null, reason: [...notElevated, ...notServed, ...notListening].join('; ') };
}

/** What speaks against a listener of our own. */
const DOUBTS: Readonly<Record<InboundAccess, string | null>> = {
  allowed: null,
  blocked: 'the Windows firewall has no inbound rule that lets a CA reach a listener of Everbind',
  unknown: 'nothing says that the Windows firewall lets a CA reach a listener of Everbind',
};
