// The objects of ACME that other rooms hold on to. Each lives in a file of its own with its strict, bounded decoder.
export type { Authorization } from './authorization.ts';
export type { Order, OrderResource } from './order.ts';
