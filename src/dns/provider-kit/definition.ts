import type { Clock } from '../../ports/clock.ts';
import type { DnsProvider } from '../../ports/dns-provider.ts';
import type { Random } from '../../ports/random.ts';
import type { Transport } from '../../ports/transport.ts';
import type { DnsExchange } from '../exchange.ts';
import type { Resolver } from '../resolver.ts';
import type { runProgram } from '../run-program.ts';

export interface ProviderSetting {
  /** As in everbind.yaml, camelCase. */
  readonly name: string;
  readonly required: boolean;
  /** Takes only `secret:NAME` in the file. */
  readonly secret: boolean;
  readonly description: string;
  /** In words; `create` applies it. */
  readonly default?: string;
  readonly example?: string;
}

/** What a provider works with. */
export interface ProviderParts {
  /** HTTPS; plain http to loopback only where the operator allowed it. */
  readonly transport: Transport;
  /** Plain http to 169.254.169.254, the metadata address of clouds, and to nothing else; never through a proxy. */
  readonly metadata: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: Resolver;
  readonly exchange: DnsExchange;
  readonly runProgram: typeof runProgram;
  /** `C:\\Windows\\System32`; null elsewhere than on Windows. */
  readonly systemFolder: string | null;
  /** Runs work under one key one after the other; shared by all providers of the process. */
  readonly inTurn: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

/** One kind of DNS host that TXT records can be written to. */
export interface ProviderDefinition {
  /** The word in everbind.yaml. */
  readonly name: string;
  readonly title: string;
  readonly settings: readonly ProviderSetting[];
  /** The least privilege that the credentials need: one or two sentences. */
  readonly privilege: string;
  /** `real: …` with the servers, or `double of the documented API`. */
  readonly testedAgainst: string;
  /** URL of the host's documentation. */
  readonly documentation: string;
  /** `settings`: those given, secrets resolved. Throws DNS_PROVIDER_SETTING. */
  create(settings: Readonly<Record<string, string>>, parts: ProviderParts): DnsProvider;
}
