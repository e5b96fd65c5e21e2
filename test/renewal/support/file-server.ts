import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Deployment, DeploymentPlan, EndpointCheck } from '../../../src/ports/deployment.ts';

/** A web server as far as a deployment sees one, kept in a file so that it outlives the process that is killed. */
export interface ServerState {
  readonly installed: readonly string[];
  /** Endpoint to the thumbprint that it serves. */
  readonly bound: Readonly<Record<string, string | null>>;
  /** How often bindings were written. */
  readonly writes: number;
}

export type Call = 'install' | 'plan' | 'apply' | 'verify' | 'restore' | 'retire' | 'present' | 'cleanUp';

/**
 * Told of every call once its effect is there; may throw, or return `wrong`, which `verify` and `restore` then find.
 */
export type Fault = (call: Call, target: string) => 'wrong' | void | Promise<'wrong' | void>;

export function readServer(folder: string): ServerState {
  const file = join(folder, 'server.json');
  if (!existsSync(file)) return { installed: [], bound: {}, writes: 0 };
  return JSON.parse(readFileSync(file, 'utf8')) as ServerState;
}

export function writeServer(folder: string, state: ServerState): void {
  const file = join(folder, 'server.json');
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

/** Puts certificates on the endpoint `target` of that server. */
export function fileDeployment(folder: string, target: string, fault: Fault = () => {}): Deployment {
  const bind = (thumbprint: string | null): void => {
    const state = readServer(folder);
    if (thumbprint !== null && !state.installed.includes(thumbprint)) throw new Error(`${thumbprint} is not installed`);
    writeServer(folder, { ...state, bound: { ...state.bound, [target]: thumbprint }, writes: state.writes + 1 });
  };
  const check = (expected: string | null, wrong: boolean): EndpointCheck => {
    const served = readServer(folder).bound[target] ?? null;
    const ok = served === expected && !wrong;
    const code = ok ? null : 'VERIFY_WRONG_LEAF';
    const outcome = ok ? 'verified' : 'failed';
    const message = ok ? '' : `serves ${served}`;
    return { endpoint: target, host: '', outcome, code, message, servedThumbprint: served, findings: [] };
  };
  return {
    type: 'file',
    install: async ({ thumbprint, attach }) => {
      const attached = await attach();
      if (attached.kind === 'pkcs8' && attached.privateKey.length === 0) throw new Error('no key');
      const state = readServer(folder);
      writeServer(folder, { ...state, installed: [...new Set([...state.installed, thumbprint])] });
      await fault('install', target);
    },
    plan: async ({ thumbprint }) => {
      const before = readServer(folder).bound[target] ?? null;
      await fault('plan', target);
      const changes = before === thumbprint ? [] : [{ target, reason: 'replaced', replaces: before, sites: [] }];
      return { type: 'file', changes, skipped: [], snapshot: before, detail: thumbprint };
    },
    look: async (plan) => plan,
    apply: async (plan) => {
      bind(plan.detail as string);
      await fault('apply', target);
    },
    verify: async (_plan, { thumbprint }) => [check(thumbprint, (await fault('verify', target)) === 'wrong')],
    restore: async (plan: DeploymentPlan) => {
      bind(plan.snapshot as string | null);
      return [check(plan.snapshot as string | null, (await fault('restore', target)) === 'wrong')];
    },
    retire: async (thumbprint) => {
      const state = readServer(folder);
      if (Object.values(state.bound).includes(thumbprint)) return false;
      writeServer(folder, { ...state, installed: state.installed.filter((installed) => installed !== thumbprint) });
      await fault('retire', target);
      return true;
    },
  };
}

/** What a deployment throws when Windows refuses. */
export function refused(): EverbindError {
  return new EverbindError('WIN_CALL_FAILED', 'refused for the test');
}
