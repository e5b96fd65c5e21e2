import { findDeploymentType } from '../../deploy/catalogue.ts';
import type { PathStep } from '../config-problem.ts';
import { DEFAULTS } from '../defaults.ts';
import type { DeploymentConfig } from '../types.ts';
import type { CheckContext } from './context.ts';

/** Has the type of the deployment judge it and apply its defaults; problems are reported. */
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

/** The deployments of a certificate that names none. */
export function defaultDeployments(context: CheckContext): readonly DeploymentConfig[] {
  return [checkDeployment({ type: DEFAULTS.deployment }, [], context)];
}
