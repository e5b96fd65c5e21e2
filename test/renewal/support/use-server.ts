import { EverbindError } from '../../../src/errors/error.ts';
import type { IisConfig } from '../../../src/deploy/iis/definition.ts';
import type { DeploymentConfig } from '../../../src/config/types.ts';
import type { Deployment, DeploymentPlan, EndpointCheck } from '../../../src/ports/deployment.ts';

export type Method = 'install' | 'plan' | 'apply' | 'verify' | 'restore' | 'retire';

/** A call that a deployment got. */
export interface Call {
  readonly method: Method;
  /** `shop:all`, or `shop:Site` for a deployment that names a site. */
  readonly target: string;
  /** The certificate that is put there, put back there, or retired; null where there was none before. */
  readonly thumbprint: string | null;
}

/** `before`: nothing of the call has happened. `after`: all of it has, and nobody was told. */
export type Moment = 'before' | 'after';

/** May throw, or return `wrong`: then `verify` and `restore` see a certificate that visitors should not get. */
export type Trouble = (call: Call, moment: Moment) => 'wrong' | void;

/** A web server as far as deployments see one. Every call is recorded, and any of them can be made to fail. */
export interface UseServer {
  /** Thumbprints in the certificate store. */
  readonly installed: Set<string>;
  /** Target to the thumbprint that visitors get there. A test may add what others have bound. */
  readonly bound: Map<string, string>;
  /** In order, the newest last. */
  readonly calls: Call[];
  trouble: Trouble;
  deploymentFor(config: DeploymentConfig, certificate: { readonly name: string }): Deployment;
}

/** Thumbprint of what is served when it is the wrong one. */
export const STRANGER = 'f'.repeat(40);

export function createUseServer(): UseServer {
  const server: UseServer = {
    installed: new Set(),
    bound: new Map(),
    calls: [],
    trouble: () => {},
    deploymentFor: (config, { name }) =>
      deploymentTo(server, `${name}:${(config as IisConfig).sites?.join('+') ?? 'all'}`),
  };
  return server;
}

function deploymentTo(server: UseServer, target: string): Deployment {
  const { installed, bound } = server;
  // Asynchronous as a real one is, so that what it throws is a rejection.
  const during = async <T>(method: Method, thumbprint: string | null, work: () => T): Promise<[T, boolean]> => {
    const call: Call = { method, target, thumbprint };
    server.calls.push(call);
    const before = server.trouble(call, 'before');
    const result = work();
    const after = server.trouble(call, 'after');
    return [result, before === 'wrong' || after === 'wrong'];
  };
  const bind = (thumbprint: string | null): void => {
    if (thumbprint === null) {
      bound.delete(target);
      return;
    }
    if (!installed.has(thumbprint)) throw new Error(`${thumbprint} is not installed`);
    bound.set(target, thumbprint);
  };
  const check = (expected: string | null, [served, wrong]: readonly [string | null, boolean]): EndpointCheck => {
    const servedThumbprint = wrong ? STRANGER : served;
    const ok = servedThumbprint === expected;
    return {
      endpoint: target,
      host: '',
      outcome: ok ? 'verified' : 'failed',
      code: ok ? null : 'VERIFY_WRONG_LEAF',
      message: ok ? '' : `serves ${servedThumbprint}`,
      servedThumbprint,
      findings: [],
    };
  };
  return {
    type: 'recorded',
    install: async ({ thumbprint, attach }) => {
      const attached = await attach();
      if (attached.kind !== 'pkcs8' || attached.privateKey.length === 0) throw new Error('no key');
      await during('install', thumbprint, () => installed.add(thumbprint));
    },
    plan: async ({ thumbprint }) => {
      const [before] = await during('plan', thumbprint, () => bound.get(target) ?? null);
      const changes = before === thumbprint ? [] : [{ target, reason: 'replaced', replaces: before, sites: [] }];
      return { type: 'recorded', changes, skipped: [], snapshot: before, detail: thumbprint };
    },
    look: async (plan) => plan,
    apply: async ({ detail }) => {
      await during('apply', thumbprintOf(detail), () => bind(thumbprintOf(detail)));
    },
    verify: async (_plan, { thumbprint }) => [
      check(thumbprint, await during('verify', thumbprint, () => bound.get(target) ?? null)),
    ],
    restore: async ({ snapshot }) => {
      const before = thumbprintOf(snapshot);
      const [, wrong] = await during('restore', before, () => bind(before));
      return [check(before, [bound.get(target) ?? null, wrong])];
    },
    retire: async (thumbprint) => {
      const [gone] = await during('retire', thumbprint, () => {
        if ([...bound.values()].includes(thumbprint)) return false;
        installed.delete(thumbprint);
        return true;
      });
      return gone;
    },
  };
}

function thumbprintOf(value: DeploymentPlan['snapshot']): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new TypeError('not a thumbprint');
}

/** What a deployment throws when Windows refuses. */
export function refusal(): EverbindError {
  return new EverbindError('WIN_CALL_FAILED', 'refused for the test');
}

/** Throws whenever this method is called, for a target that starts so. */
export function failing(method: Method, moment: Moment = 'before', target = '', error: () => Error = refusal): Trouble {
  return (call, now) => {
    if (call.method === method && now === moment && call.target.startsWith(target)) throw error();
  };
}

/** Has visitors get something else whenever it is looked, for a target that starts so. */
export function notServed(target = ''): Trouble {
  return (call) => (call.method === 'verify' && call.target.startsWith(target) ? 'wrong' : undefined);
}
