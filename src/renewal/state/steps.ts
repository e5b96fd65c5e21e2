import type { Step } from './types.ts';

const obtaining: ReadonlySet<Step> = new Set<Step>(['started', 'key', 'order-requested', 'ordered', 'authorized']);
const binding: ReadonlySet<Step> = new Set<Step>(['planned', 'bound', 'undoing']);

/** Whether the certificate is still to be got from the CA. */
export function isObtaining(step: Step): boolean {
  return obtaining.has(step);
}

/** Whether bindings may have been changed: they must be verified or restored, whatever is wanted by now. */
export function isBinding(step: Step): boolean {
  return binding.has(step);
}
