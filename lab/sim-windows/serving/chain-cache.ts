import type { X509Certificate } from 'node:crypto';
import type { SslRecord } from '../../../src/ports/windows-host.ts';
import { oldBelief } from '../../beliefs/old-belief.ts';

type Chain = readonly X509Certificate[];

/** The chain above a leaf that a record serves; `build` makes it when there is none yet. */
export type ChainCache = (record: SslRecord, leaf: X509Certificate, build: () => Promise<Chain>) => Promise<Chain>;

/**
 * Chains as SChannel keeps them: built when credentials are acquired, here at the first handshake after a record is
 * written, and sent from then on whatever becomes of the stores (dotnet/runtime #43879). A record is known by the
 * object: one that is written again is another object.
 */
export function createChainCache(): ChainCache {
  const kept = new WeakMap<SslRecord, Map<string, Promise<Chain>>>();
  return (record, leaf, build) => {
    if (oldBelief('D20')) return build();
    const chains = kept.get(record) ?? new Map<string, Promise<Chain>>();
    kept.set(record, chains);
    const known = chains.get(leaf.fingerprint256);
    if (known !== undefined) return known;
    const built = build();
    chains.set(leaf.fingerprint256, built);
    built.catch(() => chains.delete(leaf.fingerprint256));
    return built;
  };
}
