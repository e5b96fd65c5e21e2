import type { Command } from 'commander';
import type { SetStatus, CliEnvironment } from '../environment.ts';
import { registerAccount } from './account.ts';
import { registerAdd } from './add.ts';
import { registerAudit } from './audit.ts';
import { registerBind } from './bind.ts';
import { registerCheck } from './check.ts';
import { registerConfig } from './config.ts';
import { registerDns } from './dns.ts';
import { registerList } from './list.ts';
import { registerRenew } from './renew.ts';
import { registerRevoke } from './revoke.ts';
import { registerRollback } from './rollback.ts';
import { registerRun } from './run.ts';
import { registerScan } from './scan.ts';
import { registerSecret } from './secret.ts';
import { registerSelftest } from './selftest.ts';
import { registerShow } from './show.ts';
import { registerStatus } from './status.ts';

/** Adds every command, in the order of the help. */
export function registerCommands(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  for (const register of [
    registerScan,
    registerAdd,
    registerBind,
    registerList,
    registerShow,
    registerCheck,
    registerRenew,
    registerRun,
    registerStatus,
    registerRollback,
    registerRevoke,
    registerAccount,
    registerAudit,
    registerConfig,
    registerSecret,
    registerDns,
    registerSelftest,
  ]) {
    register(program, environment, setStatus);
  }
}
