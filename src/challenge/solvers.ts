import type {
  ChallengeConfig,
  DnsChallengeConfig,
  DnsPersistChallengeConfig,
  HttpChallengeConfig,
  TlsAlpnChallengeConfig,
} from '../config/types.ts';
import { exchange } from '../dns/exchange.ts';
import { createResolver } from '../dns/resolver.ts';
import { runProgram } from '../dns/run-program.ts';
import type { Clock } from '../ports/clock.ts';
import type { DnsProvider } from '../ports/dns-provider.ts';
import type { Random } from '../ports/random.ts';
import type { ChallengeTask, Solver } from '../ports/solver.ts';
import type { Transport } from '../ports/transport.ts';
import { chooseHttpMode, type HttpMode, type HttpModeChoice } from './http-01/choose-mode.ts';
import { createDns01Solver } from './dns-01/solver.ts';
import { createDnsPersistSolver } from './dns-01/dns-persist.ts';
import { createExecProvider } from './dns-01/exec.ts';
import { listenerEndpoints } from './http-01/endpoints.ts';
import { unsupported } from './challenge-failure.ts';
import { createAutoSolver } from './http-01/auto.ts';
import { firewallDoubt } from './http-01/firewall-doubt.ts';
import { createHttpListenerSolver } from './http-01/listener.ts';
import { iisListensOn } from './http-01/sites.ts';
import { createWindowsHttp, type WindowsHttp, type WindowsSites } from './http-01/windows.ts';
import { createKeyedMutex } from '../concurrency/keyed-mutex.ts';
import { createSelfCheck } from './http-01/self-check.ts';
import { createTlsAlpnSolver } from './tls-alpn-01/solver.ts';

export interface SolversOptions {
  /** null on a machine without IIS. */
  readonly windows: WindowsSites | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Address of our own listener; all by default. */
  readonly listenAddress?: string;
  /** Resolvers (`address` or `address:port`) for dns-01; the system's by default. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Port of authoritative DNS servers; 53 except in the lab. */
  readonly dnsPort?: number | undefined;
  /** How DNS hosts are reached; absent where no DNS challenge uses one. */
  readonly dnsHosts?: DnsHostParts;
  /** Called right before each effect at a DNS host that is no request of its transport; may throw. */
  readonly fence?: () => void;
  /** Is told the mode of http-01 for a name under mode auto, and why. */
  readonly onChoice?: (task: ChallengeTask, choice: HttpModeChoice) => void;
}

export interface DnsHostParts {
  /** The value behind `secret:NAME`. */
  resolveSecret(reference: string): Promise<string>;
  /** HTTPS, and plain http where it is allowed: to loopback, or to the metadata address of clouds. */
  openTransport(plain: { readonly loopback: boolean } | 'metadata'): Promise<Transport>;
}

/** What a solver is chosen by. */
export type SolverTask = Pick<ChallengeTask, 'type' | 'identifier' | 'wildcard'>;

/**
 * Returns the solver for a task under the challenge that is configured for its name. Equal configurations share one
 * solver, so that a port or a URL prefix is taken once for all tasks; make one of these for a process. Throws
 * CHALLENGE_UNSUPPORTED.
 */
export function createSolvers(options: SolversOptions): (task: SolverTask, config: ChallengeConfig) => Solver {
  const http = createHttpSolvers(options);
  const dns = createDnsSolvers(options);
  const tlsAlpn = createTlsAlpnSolvers(options);
  const dnsPersist = ({ publicResolvers }: DnsPersistChallengeConfig): Solver => {
    const { clock, random, dnsPort: port = 53 } = options;
    const resolver = createResolver({ random, servers: options.dnsServers });
    return createDnsPersistSolver({ resolver, port, clock, publicResolvers });
  };
  return (task, config) => {
    if (task.type !== config.type) {
      throw unsupported(task, `${config.type} is configured, but the challenge is ${task.type}`);
    }
    switch (config.type) {
      case 'http-01':
        return http(task, config);
      case 'tls-alpn-01':
        return tlsAlpn(task, config);
      case 'dns-01':
      case 'dns-account-01':
        return dns(task, config);
      case 'dns-persist-01':
        return dnsPersist(config);
    }
  };
}

function createHttpSolvers(options: SolversOptions): (task: SolverTask, config: HttpChallengeConfig) => Solver {
  const { clock, listenAddress = null } = options;
  const windows = options.windows === null ? null : createWindowsHttp(options.windows, clock);
  const kept = createKept();

  const listener = (port: number): Solver =>
    kept(['listener', port], () => {
      const selfCheck = createSelfCheck({ resolve: listenerEndpoints(listenAddress, port), clock });
      const solver = createHttpListenerSolver({ address: listenAddress, port, selfCheck });
      return behindFirewall(solver, options.windows, port);
    });
  const onWindows = (host: WindowsHttp, mode: 'webroot' | 'http.sys', { path, port }: HttpChallengeConfig): Solver =>
    mode === 'http.sys'
      ? kept([mode, port], () => host.httpSys(port))
      : kept([mode, path, port], () => host.webroot({ path, port }));
  const solverFor = (task: SolverTask, mode: HttpMode, config: HttpChallengeConfig): Solver => {
    if (mode === 'listener') return listener(config.port);
    if (windows === null) throw unsupported(task, `mode ${mode} needs IIS on this machine; use listener or auto`);
    return onWindows(windows, mode, config);
  };
  const auto = (config: HttpChallengeConfig): Solver =>
    kept(['auto', config.path, config.port], () =>
      createAutoSolver({
        choose: async ({ identifier }, failed) => {
          const facts = (await windows?.facts(config.port, failed)) ?? null;
          return chooseHttpMode({ name: identifier.value, config, windows: facts, failed });
        },
        solverFor: (task, mode) => solverFor(task, mode, config),
        onChoice: options.onChoice ?? (() => {}),
        afterKill: windows === null ? null : onWindows(windows, 'webroot', config),
      }),
    );

  return (task, config) => {
    // RFC 8555 section 8.3.
    if (task.wildcard) throw unsupported(task, 'http-01 cannot validate a wildcard; configure dns-01 for it');
    return config.mode === 'auto' ? auto(config) : solverFor(task, config.mode, config);
  };
}

function createTlsAlpnSolvers(options: SolversOptions): (task: SolverTask, config: TlsAlpnChallengeConfig) => Solver {
  const { windows, clock, random, listenAddress: address = null } = options;
  const kept = createKept();
  return (task, { port }) => {
    // RFC 8737 section 3.
    if (task.wildcard) throw unsupported(task, 'tls-alpn-01 cannot validate a wildcard; configure dns-01 for it');
    const ownedByIis = async (): Promise<boolean> =>
      windows !== null && iisListensOn(await windows.sites(), 'https', port);
    return kept([port], () =>
      behindFirewall(createTlsAlpnSolver({ address, port, clock, random, ownedByIis }), windows, port),
    );
  };
}

/** A solver that listens by itself, with what there is to say of the firewall of Windows. */
function behindFirewall(solver: Solver, windows: WindowsSites | null, port: number): Solver {
  if (windows === null) return solver;
  return { ...solver, firewallDoubt: () => firewallDoubt(windows.host, port, 'program') };
}

function createDnsSolvers(options: SolversOptions): (task: SolverTask, config: DnsChallengeConfig) => Solver {
  const { clock, random, dnsPort: port = 53 } = options;
  const resolver = createResolver({ random, servers: options.dnsServers });
  const inTurn = createKeyedMutex();
  const kept = createKept();
  const { fence = () => {} } = options;
  const fenced = {
    exchange: async (...call: Parameters<typeof exchange>) => {
      fence();
      return exchange(...call);
    },
    run: async (...call: Parameters<typeof runProgram>) => {
      fence();
      return runProgram(...call);
    },
  };
  const openProvider = async (config: DnsChallengeConfig): Promise<DnsProvider> => {
    if ('command' in config) {
      return createExecProvider({
        command: config.command,
        timeoutMs: config.timeoutSeconds * 1_000,
        clock,
        run: fenced.run,
      });
    }
    const hosts = options.dnsHosts;
    if (hosts === undefined) throw new Error('no DNS host can be reached from here');
    const { openProvider: open } = await import('../dns/provider-kit/open.ts');
    return open(config.provider, config.settings, {
      transport: await hosts.openTransport({ loopback: config.allowInsecureLoopback }),
      metadata: async (request, signal) => (await hosts.openTransport('metadata'))(request, signal),
      clock,
      random,
      resolver,
      exchange: fenced.exchange,
      runProgram: fenced.run,
      systemFolder: process.platform === 'win32' ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32` : null,
      inTurn,
      resolveSecret: (reference) => hosts.resolveSecret(reference),
    });
  };
  // One provider for each host and credentials, so that all challenges keep its pace together.
  const providers = new Map<string, Promise<DnsProvider>>();
  const sharedProvider = (config: DnsChallengeConfig): Promise<DnsProvider> => {
    const key = JSON.stringify(
      'command' in config
        ? [config.command, config.timeoutSeconds]
        : [config.provider, config.settings, config.allowInsecureLoopback],
    );
    const provider = providers.get(key) ?? openProvider(config);
    providers.set(key, provider);
    provider.catch(() => providers.delete(key));
    return provider;
  };
  return (task, config) => {
    // RFC 8738 section 7.
    if (task.identifier.type === 'ip')
      throw unsupported(task, 'dns-01 cannot validate an IP address; configure http-01');
    return kept([JSON.stringify(config)], () =>
      createDns01Solver({
        type: config.type,
        openProvider: () => sharedProvider(config),
        resolver,
        port,
        clock,
        limitMs: config.propagation.timeoutSeconds * 1_000,
        publicResolvers: config.propagation.publicResolvers,
        inTurn,
      }),
    );
  };
}

function createKept(): (key: readonly (string | number | null)[], make: () => Solver) => Solver {
  const solvers = new Map<string, Solver>();
  return (key, make) => {
    const name = JSON.stringify(key);
    const solver = solvers.get(name) ?? make();
    solvers.set(name, solver);
    return solver;
  };
}
