import { findDeploymentType } from '../../deploy/catalogue.ts';
import type { PathStep } from '../config-problem.ts';
import { DEFAULTS } from '../defaults.ts';
import type { DeploymentConfig } from '../types.ts';
import type { CheckContext } from './context.ts';

/** A deployment as its type understands it, with defaults; what is wrong is reported. */
export function checkDeployment(
  input: { readonly type: string },
  path: readonly PathStep[],
  { report, folder, catalogue }: CheckContext,
): DeploymentConfig {
  return findDeploymentType(catalogue, input.type).configure(input, {
    folder,
    problem: (at, found, expected) => report.problem([...path, ...at], found, expected),
  });
}

/** Where a certificate is put to use that says nothing about it. */
export function defaultDeployments(context: CheckContext): readonly DeploymentConfig[] {
  return [checkDeployment({ type: DEFAULTS.deployment }, [], context)];
}
