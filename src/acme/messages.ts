// The objects of ACME as they cross the wire, decoded. One file each holds the type and its strict, bounded decoder.
export type { Account } from './account.ts';
export type { RenewalInfo } from './ari.ts';
export type { Authorization, AuthorizationStatus } from './authorization.ts';
export type { Challenge } from './challenge.ts';
export type { Directory, DirectoryMeta } from './directory.ts';
export type { Order, OrderResource, OrderStatus } from './order.ts';
export type { Problem } from './problem.ts';
