import { once } from '../../concurrency/once.ts';
import type { SiteChanges } from '../../iis/change-sites.ts';
import { asEverbindError, errorCode, EverbindError } from '../../errors/error.ts';
import { type FtpCertificate, type SiteInventory, siteText } from '../../iis/config/inventory-types.ts';
import { readInventory } from '../../iis/inventory.ts';
import { missingSites, siteScope } from '../../iis/plan/scope.ts';
import type { PlannedEndpoint } from '../../iis/plan/types.ts';
import { asArray, asObject, text } from '../../iis/records/ssl-record-json.ts';
import { canonicalHost } from '../../pki/x509/names.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  CertificateMaterial,
  Deployment,
  DeploymentPlan,
  EndpointCheck,
  Json,
  PlannedChange,
  Skipped,
} from '../../ports/deployment.ts';
import type { WindowsHost } from '../../ports/windows-host.ts';
import { ftpsProbe } from '../../verify/ftps-probe.ts';
import { judgeServed } from '../../verify/judge-served.ts';
import { chainTrust } from '../iis/deployment.ts';
import { type Handshake, type Patience, shakeHands } from '../iis/handshakes.ts';
import { installCertificate } from '../iis/install.ts';
import { type Judge, judgeChanged, judgeRestored, sightsOf } from '../iis/judge-handshakes.ts';
import { decodeEndpoints, decodeSights, encodeEndpoints, withSights } from '../iis/plan-json.ts';
import { sightKey, type Sights } from '../iis/sight.ts';
import { retireFrom } from '../iis/retire-from.ts';

export interface IisFtpDeploymentOptions {
  readonly host: WindowsHost;
  readonly siteChanges: SiteChanges;
  /** Names of sites, or `id:N`. */
  readonly sites: readonly string[];
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
  readonly clock: Clock;
  /** See DeploymentParts. */
  ownThumbprints(): ReadonlyMap<string, string>;
  /** See DeploymentParts. */
  visitorRoots(): Promise<readonly Uint8Array[]>;
}

/** One site and what its setting is to be. */
interface FtpChange {
  readonly site: string;
  readonly before: FtpCertificate | null;
  readonly after: FtpCertificate;
}

/** Of one handshake. */
const TIMEOUT_MS = 10_000;
const PATIENCE: Patience = { pauseMs: 2000, timeoutMs: 30_000 };
/** How often, and how long after each other, a service that goes on with the certificate from before is asked. */
const TRIES = 5;
const PAUSE_MS = 2000;

/**
 * Certificates of FTP sites: serverCertHash and serverCertStoreName of the site in applicationHost.config. What was set
 * is read back, and a handshake is made with each binding, before the change and after it.
 */
export function createIisFtpDeployment(options: IisFtpDeploymentOptions): Deployment {
  const { host, siteChanges, store } = options;

  const current = async (site: string): Promise<FtpCertificate | null> =>
    (await readInventory(host)).sites.find(({ name }) => name === site)?.ftp ?? null;

  /** What the configuration has otherwise than wanted. */
  const readBack = async (site: string, wanted: FtpCertificate | null): Promise<readonly EndpointCheck[]> => {
    const found = await current(site);
    if (same(found, wanted)) return [];
    const message = `the configuration has ${certificateText(found)}`;
    return [{ ...unseen(site), outcome: 'failed', code: 'IIS_CHANGE_DID_NOT_TAKE', message }];
  };

  const shake = async (plan: DeploymentPlan, before: Sights | null): Promise<readonly Handshake[]> => {
    const byPort = Map.groupBy(endpointsOf(plan), ({ port }) => port);
    const seen = [...byPort].map(([port, endpoints]) =>
      shakeHands(
        endpoints,
        {
          host,
          probe: ftpsProbe(port),
          timeoutMs: TIMEOUT_MS,
          concurrency: 16,
          patience: PATIENCE,
          clock: options.clock,
        },
        (place, name) => {
          const sight = before?.get(sightKey(place, name));
          return before !== null && (sight?.kind !== 'failed' || sight.code !== 'VERIFY_TIMEOUT');
        },
      ),
    );
    return (await Promise.all(seen)).flat();
  };

  return {
    type: 'iis-ftp',
    install: (material) => installCertificate(host, store, material),

    plan: async (material) => {
      const { sites, ftpDefaults } = await readInventory(host);
      const scope = siteScope(options.sites);
      const decided = sites
        .filter((site) => scope(site) === 'explicit')
        .map((site) => decide(site, ftpDefaults, material, options));
      const planned = decided.flatMap((one) => ('change' in one ? [one] : []));
      return {
        type: 'iis-ftp',
        changes: planned.flatMap(({ shown }) => shown ?? []),
        skipped: [
          ...decided.flatMap((one) => ('skipped' in one ? [one.skipped] : [])),
          ...missingSites(options.sites, sites).map((entry) => ({
            target: `FTP site ${entry}`,
            code: 'site-missing',
            reason: 'there is no such site',
          })),
        ],
        snapshot: planned.map(({ change }) => encode(change)),
        detail: encodeEndpoints(planned.flatMap(({ endpoints }) => endpoints)),
      };
    },

    look: async (plan) => withSights(plan, sightsOf(await shake(plan, null))),

    apply: async (plan) => {
      for (const { site, before, after } of decode(plan)) {
        const found = await current(site);
        if (!same(found, before) && !same(found, after)) throw changedByOthers(site, found);
        await siteChanges.setFtpCertificate(site, after, before);
      }
    },

    verify: async (plan, material) => {
      const changes = decode(plan);
      const before = sightsBefore(plan);
      const trust = once(() => chainTrust(options));
      const old = new Set(changes.flatMap((one) => (same(one.before, one.after) ? [] : servedBefore(plan, one.site))));
      let seen = await shake(plan, before);
      for (let tries = 1; tries < TRIES && seen.some((one) => servesOne(one, old)); tries += 1) {
        await options.clock.sleep(PAUSE_MS);
        seen = await shake(plan, before);
      }
      const judge: Judge = (served, { name }) => judgeServed(served, material.chain, name, trust);
      const checks = (await judgeChanged(seen, before, judge)).map((check) => notYet(check, old));
      const settings = await Promise.all(changes.map(({ site, after }) => readBack(site, after)));
      return [...settings.flat(), ...checks, ...withoutEndpoint(plan, changes)];
    },

    restore: async (plan) => {
      const foreign: EverbindError[] = [];
      const failures: unknown[] = [];
      const restored: EndpointCheck[] = [];
      // One that fails does not keep the others from it.
      for (const { site, before, after } of decode(plan)) {
        try {
          const found = await current(site);
          if (!same(found, before) && !same(found, after)) {
            foreign.push(changedByOthers(site, found));
            continue;
          }
          await siteChanges.setFtpCertificate(site, before, after);
          restored.push(...(await readBack(site, before)));
        } catch (error) {
          if (errorCode(error) === 'STORE_LEASE_LOST') throw error;
          if (errorCode(error) === 'IIS_SITE_UNKNOWN') foreign.push(asEverbindError(error));
          else failures.push(error);
        }
      }
      const [worst = foreign[0]] = failures;
      if (worst !== undefined) throw worst;
      const before = sightsBefore(plan);
      return [...restored, ...judgeRestored(await shake(plan, before), before)];
    },

    retire: (thumbprint) => retireFrom(host, options.ownThumbprints(), thumbprint),
  };
}

type Decision =
  | {
      readonly change: FtpChange;
      /** null: it has the certificate already, and is looked at alone. */
      readonly shown: PlannedChange | null;
      readonly endpoints: readonly PlannedEndpoint[];
    }
  | { readonly skipped: Skipped };

function decide(
  site: SiteInventory,
  defaults: FtpCertificate | null,
  { thumbprint }: Pick<CertificateMaterial, 'thumbprint'>,
  { adopt, store, ownThumbprints }: IisFtpDeploymentOptions,
): Decision {
  const target = `FTP certificate of ${siteText(site)}`;
  const skip = (code: string, reason: string): Decision => ({ skipped: { target, code, reason } });
  const left = (code: string, reason: string): Decision => ({
    skipped: { target, code, reason, ...(site.state === 'Stopped' ? {} : { otherCertificate: true }) },
  });
  if (site.name === '') return skip('site-nameless', 'the site has no name');
  if (!site.bindings.some(({ protocol }) => protocol === 'ftp'))
    return skip('no-ftp-binding', 'the site speaks no FTP');
  const after = { certificateHash: thumbprint.toLowerCase(), certificateStore: store };
  const { ftp: before } = site;
  const endpoints = ftpEndpoints(site, before ?? defaults);
  if (same(before, after)) return { change: { site: site.name, before, after }, shown: null, endpoints };
  const own = before !== null && ownThumbprints().has(before.certificateHash);
  if (!own && !adopt) {
    return before === null
      ? left('no-certificate', 'it has no certificate of its own, and giving it one needs adopt')
      : left(
          'foreign-certificate',
          `it holds the certificate ${before.certificateHash}, which Everbind did not install; see adopt`,
        );
  }
  const reason = own ? 'it holds the certificate before' : `it holds ${certificateText(before)} and is adopted`;
  const replaces = before?.certificateHash.toLowerCase() ?? null;
  const shown = { target, reason, replaces, sites: [site.name] };
  return { change: { site: site.name, before, after }, shown, endpoints };
}

function ftpEndpoints(site: SiteInventory, held: FtpCertificate | null): readonly PlannedEndpoint[] {
  return site.bindings.flatMap(({ protocol, information }) => {
    if (protocol !== 'ftp' || information.kind !== 'ip-port-host') return [];
    const host = canonicalHost(information.host);
    return [
      {
        address: information.address,
        port: information.port,
        host,
        name: host,
        record: recordOf(site.name),
        // Without one the handshake is compared all the same: the service may be stopped.
        hashBefore: held?.certificateHash ?? NONE,
        sites: [site.name],
        skip: null,
        rival: null,
        advisory: false,
      },
    ];
  });
}

const NONE = 'none';

function recordOf(site: string): string {
  return `FTP site ${site}`;
}

/** Plans from before handshakes were made have none. */
function endpointsOf(plan: DeploymentPlan): readonly PlannedEndpoint[] {
  return plan.detail === null ? [] : decodeEndpoints(plan);
}

function sightsBefore(plan: DeploymentPlan): Sights | null {
  return plan.detail === null ? null : decodeSights(plan);
}

/** Lower case. */
function servedBefore(plan: DeploymentPlan, site: string): readonly string[] {
  return endpointsOf(plan).flatMap(({ record, hashBefore }) =>
    record === recordOf(site) && hashBefore !== null ? [hashBefore.toLowerCase()] : [],
  );
}

function servesOne({ seen }: Handshake, thumbprints: ReadonlySet<string>): boolean {
  return seen.kind === 'served' && thumbprints.has(seen.thumbprint);
}

/**
 * The configuration has the new certificate and the service still serves the one from before: going back would leave it
 * there, so that is told and nothing is restored.
 */
function notYet(check: EndpointCheck, old: ReadonlySet<string>): EndpointCheck {
  if (check.outcome !== 'failed' || check.servedThumbprint === null || !old.has(check.servedThumbprint)) return check;
  const message =
    'the FTP service still serves the certificate from before; restart Microsoft FTP Service (ftpsvc) if that lasts';
  return { ...check, outcome: 'failed-before', message };
}

/** Sites none of whose bindings can be read. */
function withoutEndpoint(plan: DeploymentPlan, changes: readonly FtpChange[]): readonly EndpointCheck[] {
  const records = new Set(endpointsOf(plan).map(({ record }) => record));
  return changes.filter(({ site }) => !records.has(recordOf(site))).map(({ site }) => unseen(site));
}

function unseen(site: string): EndpointCheck {
  return {
    endpoint: recordOf(site),
    host: '',
    outcome: 'not-checked',
    code: 'no-address',
    message: 'set and read back; no handshake was made with it',
    servedThumbprint: null,
    findings: [],
  };
}

function same(left: FtpCertificate | null, right: FtpCertificate | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.certificateHash.toLowerCase() === right.certificateHash.toLowerCase() &&
    left.certificateStore.toLowerCase() === right.certificateStore.toLowerCase()
  );
}

function certificateText(certificate: FtpCertificate | null): string {
  return certificate === null ? 'no certificate of its own' : `the certificate ${certificate.certificateHash}`;
}

function changedByOthers(site: string, found: FtpCertificate | null): EverbindError {
  const message = `the FTP site ${site} has ${certificateText(found)} now, which was not there when the plan was made`;
  return new EverbindError('IIS_RECORD_CHANGED_BY_OTHERS', message, { site });
}

function encode({ site, before, after }: FtpChange): Json {
  return { site, before: before === null ? null : { ...before }, after: { ...after } };
}

/** Throws IIS_PLAN_INVALID. */
function decode(plan: DeploymentPlan): readonly FtpChange[] {
  const certificate = (value: Json | undefined): FtpCertificate => {
    const object = asObject(value ?? null);
    return { certificateHash: text(object, 'certificateHash'), certificateStore: text(object, 'certificateStore') };
  };
  return asArray(plan.snapshot).map((entry) => {
    const object = asObject(entry);
    const before = object['before'] ?? null;
    return {
      site: text(object, 'site'),
      before: before === null ? null : certificate(before),
      after: certificate(object['after']),
    };
  });
}
