import type { InboundReceiver } from '../../../src/ports/windows-host.ts';
import { oldBelief } from '../../beliefs/old-belief.ts';

/** Windows Defender Firewall for connections from outside; connections over loopback never meet it. */
export interface SimFirewall {
  /** false: it is off and lets everything in; true by default. */
  readonly enabled?: boolean;
  /** Enabled inbound rules. A rule for one receiver does nothing for the other, and nothing comes in without a rule. */
  readonly inbound: readonly { readonly receiver: InboundReceiver; readonly port: number }[];
}

/** As the role Web Server leaves it: IIS-WebServerRole-HTTP-In-TCP and -HTTPS-In-TCP, both for System. */
export const WITH_IIS: SimFirewall = {
  inbound: [
    { receiver: 'http.sys', port: 80 },
    { receiver: 'http.sys', port: 443 },
  ],
};

export function letsIn({ enabled = true, inbound }: SimFirewall, port: number, receiver: InboundReceiver): boolean {
  if (oldBelief('D10') || !enabled) return true;
  return inbound.some((rule) => rule.port === port && rule.receiver === receiver);
}
