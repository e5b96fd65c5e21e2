import { errorCode } from '../errors/error.ts';
import { thumbprintOf } from '../pki/x509/certificate.ts';
import type { Clock } from '../ports/clock.ts';
import type { Probe, ServedCertificate } from '../verify/probe.ts';
import type { SeenHandshake } from './result-file.ts';

export interface RecordedProbe {
  readonly probe: Probe;
  /** The handshakes of the whole run, the first of them. */
  readonly handshakes: readonly SeenHandshake[];
  /** Says which record is to decide at this place. */
  expect(address: string, port: number, record: string): void;
}

const MOST_HANDSHAKES = 500;

/** A probe whose handshakes are written down, those that fail too. */
export function recordProbe(probe: Probe, clock: Clock): RecordedProbe {
  const handshakes: SeenHandshake[] = [];
  const records = new Map<string, string>();
  return {
    handshakes,
    expect: (address, port, record) => void records.set(`${address} ${port}`, record),
    probe: async (target, signal) => {
      const { address, port, host } = target;
      const began = clock.now();
      const note = (served: ServedCertificate | null, error: string | null): void => {
        if (handshakes.length >= MOST_HANDSHAKES) return;
        const chain = served?.chain.map(thumbprintOf) ?? [];
        handshakes.push({
          address,
          port,
          sni: host,
          record: records.get(`${address} ${port}`) ?? null,
          tls: served?.protocol ?? null,
          cipher: served?.cipher ?? null,
          leaf: chain[0] ?? null,
          chain,
          ms: clock.now() - began,
          error,
        });
      };
      try {
        const served = await probe(target, signal);
        note(served, null);
        return served;
      } catch (error) {
        note(null, errorCode(error));
        throw error;
      }
    },
  };
}
