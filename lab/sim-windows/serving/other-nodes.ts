import type { SslRecord } from '../../../src/ports/windows-host.ts';
import { oldBelief } from '../../beliefs/old-belief.ts';
import type { ServableCertificate } from '../certificate-stores.ts';

/**
 * An address that bindings name and this machine does not have: that of a cluster, of the other node, or one that was
 * removed. `old-certificate`: a node answers there whose records nobody renews. `refuses`, `silence`: nobody does.
 */
export interface OtherNode {
  readonly address: string;
  readonly answer: 'old-certificate' | 'refuses' | 'silence';
}

export interface OtherNodes {
  /** null: this machine has the address. */
  at(address: string): OtherNode['answer'] | null;
  /** The records of the node that nobody renews: each as it was when it was first seen. */
  readonly records: () => readonly SslRecord[];
  /** A certificate that was in the stores when a record first named it. */
  servable(store: string | null, thumbprint: string): ServableCertificate | null;
  /** To be called after each change of this machine's records. */
  see(records: readonly SslRecord[]): void;
}

/** `ipv6`: whether the machine has IPv6; without it nobody answers at any IPv6 address. */
export function createOtherNodes(
  nodes: readonly OtherNode[],
  ipv6: boolean,
  servable: (store: string | null, thumbprint: string) => ServableCertificate | null,
): OtherNodes {
  const answers = new Map(oldBelief('D1') ? [] : nodes.map(({ address, answer }) => [address, answer]));
  const records = new Map<string, SslRecord>();
  const certificates = new Map<string, ServableCertificate>();
  const place = (store: string | null, thumbprint: string): string => `${store ?? 'MY'} ${thumbprint}`.toLowerCase();
  return {
    at: (address) => answers.get(address) ?? (!ipv6 && address.includes(':') ? 'refuses' : null),
    records: () => [...records.values()],
    servable: (store, thumbprint) => certificates.get(place(store, thumbprint)) ?? null,
    see: (current) => {
      if (answers.size === 0) return;
      for (const record of current) {
        const id = JSON.stringify(record.key);
        if (records.has(id)) continue;
        records.set(id, record);
        const { certificateStore: store, certificateHash: thumbprint } = record;
        const certificate = thumbprint === null ? null : servable(store, thumbprint);
        if (thumbprint !== null && certificate !== null) certificates.set(place(store, thumbprint), certificate);
      }
    },
  };
}
