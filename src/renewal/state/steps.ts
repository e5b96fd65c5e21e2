import type { RenewalStep } from './types.ts';

const obtaining: ReadonlySet<RenewalStep> = new Set<RenewalStep>([
  'started',
  'key',
  'order-requested',
  'ordered',
  'authorized',
]);
const binding: ReadonlySet<RenewalStep> = new Set<RenewalStep>(['planned', 'bound', 'restoring']);

/** Whether the certificate is still to be got from the CA. */
export function isObtaining(step: RenewalStep): boolean {
  return obtaining.has(step);
}

/** Whether bindings may have been changed: they must be verified or restored, whatever is wanted by now. */
export function isBinding(step: RenewalStep): boolean {
  return binding.has(step);
}
