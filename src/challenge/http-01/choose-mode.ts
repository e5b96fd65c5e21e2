import type { HttpChallengeConfig } from '../../config/types.ts';
import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import { iisListensOn } from './sites.ts';

export type HttpMode = 'webroot' | 'http.sys' | 'listener';

/** Why a mode was chosen; docs/challenges.md explains each. */
export const CHOICE_CODES = [
  'configured',
  'no-windows-host',
  'path-configured',
  'no-iis-on-port',
  'not-elevated',
  'http-sys-refused',
  'shared-with-iis',
] as const;
export type ChoiceCode = (typeof CHOICE_CODES)[number];

/** The mode of http-01 for a name, and why: a stable word for programs and a sentence for the log. */
export interface HttpModeChoice {
  readonly mode: HttpMode;
  readonly code: ChoiceCode;
  readonly reason: string;
}

export interface HttpModeFacts {
  readonly config: Pick<HttpChallengeConfig, 'mode' | 'path' | 'port'>;
  /** null on a machine without IIS. */
  readonly windows: { readonly elevated: boolean; readonly sites: readonly SiteInventory[] } | null;
  /** The message with which http.sys refused the URL prefix; null when it has not. */
  readonly refusal: string | null;
}

/** The mode for http-01; a decision on facts, without I/O. */
export function chooseHttpMode({ config, windows, refusal }: HttpModeFacts): HttpModeChoice {
  const { mode, path, port } = config;
  if (mode !== 'auto') return { mode, code: 'configured', reason: `mode ${mode} is configured` };
  if (windows === null) {
    return { mode: 'listener', code: 'no-windows-host', reason: 'there is no IIS on this machine' };
  }
  if (path !== null) return { mode: 'webroot', code: 'path-configured', reason: `the folder ${path} is configured` };
  if (!iisListensOn(windows.sites, 'http', port)) {
    return {
      mode: 'listener',
      code: 'no-iis-on-port',
      reason: `no started IIS site has an http binding on port ${port}`,
    };
  }
  if (!windows.elevated) {
    const reason = 'this process is not elevated, so http.sys would refuse a URL prefix';
    return { mode: 'webroot', code: 'not-elevated', reason };
  }
  if (refusal !== null) return { mode: 'webroot', code: 'http-sys-refused', reason: refusal };
  return {
    mode: 'http.sys',
    code: 'shared-with-iis',
    reason: `http.sys shares port ${port} with IIS, and no site is touched`,
  };
}
