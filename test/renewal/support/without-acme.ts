import { acmeEngine } from '../../../lab/acme-engine.ts';
import type { State } from '../../../src/agent/state.ts';
import { systemRandom } from '../../../src/net/system.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Issuers } from '../../../src/ports/issuer.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import type { EnginePorts } from '../../../src/renewal/engine/engine-ports.ts';

const never = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));

/** An engine with issuers that are not ACME: nothing is sent, and there are no challenges. */
export function engineWithoutAcme(
  { store, keys }: State,
  clock: Clock,
  issuers: Issuers,
  deploymentFor: EnginePorts['deploymentFor'] = never,
): Engine {
  const { engine } = acmeEngine({
    store,
    keys,
    clock,
    random: systemRandom,
    userAgent: '',
    transportFor: never,
    rootsFor: never,
    solverFor: () => {
      throw new Error('these issuers have no challenges');
    },
    resolveSecret: never,
    deploymentFor,
    openIssuers: async () => issuers,
  });
  return engine;
}
