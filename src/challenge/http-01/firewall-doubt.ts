import type { InboundAccess, InboundReceiver, WindowsHost } from '../../ports/windows-host.ts';

type FirewallHost = Pick<WindowsHost, 'allowsInbound'>;

/** As the host says; a look that fails is nothing known. */
export async function inboundAccess(
  host: FirewallHost,
  port: number,
  receiver: InboundReceiver,
): Promise<InboundAccess> {
  try {
    return await host.allowsInbound(port, receiver);
  } catch {
    return 'unknown';
  }
}

/**
 * What a person should know of the firewall when a CA cannot connect to a port of this machine; null: nothing. For a
 * listener of our own that is also that nothing is known, since few machines have a rule for it.
 */
export async function firewallDoubt(
  host: FirewallHost,
  port: number,
  receiver: InboundReceiver,
): Promise<string | null> {
  const access = await inboundAccess(host, port, receiver);
  if (receiver === 'http.sys') {
    if (access !== 'blocked') return null;
    return `the Windows firewall has no inbound rule for port ${port} of http.sys (the program System), such as World Wide Web Services (HTTP Traffic-In)`;
  }
  if (access === 'allowed') return null;
  const found = access === 'blocked' ? 'has no inbound rule' : 'is not known to have an inbound rule';
  return `Everbind listened on port ${port} itself, and the Windows firewall ${found} for ${process.execPath}; what is seen over loopback says nothing about it`;
}
