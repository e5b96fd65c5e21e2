import { publicEndpoints } from '../challenge/http-01/endpoints.ts';
import { createSelfCheck } from '../challenge/http-01/self-check.ts';
import { hasResponse, type SelfCheckReason } from '../challenge/http-01/self-check-reasons.ts';
import { EverbindError } from '../errors/error.ts';
import { isPrivateAddress } from '../config/issuer-facts.ts';
import { ipVersion, isLoopbackHost } from '../pki/x509/ip-address.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChallengeTask } from '../ports/solver.ts';
import { finding, type PreflightFinding, type FindingCode, said } from './findings.ts';

/** More than a name has in practice. */
const MAX_ADDRESSES = 16;

export interface AddressParts {
  readonly clock: Clock;
  /** The port that a CA connects to for http-01; 80 except in the lab. */
  readonly publicHttpPort: number;
  /** Addresses of this machine. */
  readonly ownAddresses: readonly string[];
}

/** Looks for the challenge response of an http-01 task at each address that DNS has for the name. */
export async function examineAddresses(
  { clock, publicHttpPort: port, ownAddresses }: AddressParts,
  task: ChallengeTask,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const name = task.identifier.value;
  const looked = await Promise.all(
    addresses.slice(0, MAX_ADDRESSES).map(async (address): Promise<PreflightFinding | null> => {
      const selfCheck = createSelfCheck({
        resolve: async (host, outside, validating) =>
          host === validating && outside === 80 ? [{ address, port }] : publicEndpoints(host, outside),
        clock,
      });
      try {
        await selfCheck(task, { waits: [0], signal });
        return null;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EverbindError)) throw error;
        return finding(codeFor(address, ownAddresses, error), `${address}: ${said(error)}`, { name });
      }
    }),
  );
  return looked.filter((found) => found !== null);
}

function codeFor(address: string, own: readonly string[], { facts }: EverbindError): FindingCode {
  const reason = facts.reason as SelfCheckReason;
  if (reason.startsWith('redirect-') || hasResponse(reason)) {
    if (isInsideView(address, own)) return 'inside-view';
  }
  if (reason.startsWith('redirect-')) return 'redirect-not-followed';
  if (!hasResponse(reason)) return 'address-unreachable';
  return ipVersion(address) === 6 ? 'aaaa-elsewhere' : 'address-elsewhere';
}

/**
 * Whether what answers at an address may be another server than a CA gets there: the address is not of this machine,
 * which has none but private ones of its kind and so is behind a router that translates addresses.
 */
export function isInsideView(address: string, own: readonly string[]): boolean {
  if (own.includes(address) || isLoopbackHost(address) || address === '::1') return false;
  const sameKind = own.filter((one) => ipVersion(one) === ipVersion(address));
  return sameKind.every(isPrivateAddress);
}
