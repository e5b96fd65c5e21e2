import type { SiteChanges } from '../../iis/change-sites.ts';
import { EverbindError } from '../../errors/error.ts';
import { type FtpCertificate, type SiteInventory, siteText } from '../../iis/config/inventory-types.ts';
import { readInventory } from '../../iis/inventory.ts';
import { missingSites, siteScope } from '../../iis/plan/scope.ts';
import { asArray, asObject, text } from '../../iis/records/ssl-record-json.ts';
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
import { installCertificate } from '../iis/install.ts';
import { retireFrom } from '../iis/retire-from.ts';

export interface IisFtpDeploymentOptions {
  readonly host: WindowsHost;
  readonly siteChanges: SiteChanges;
  /** Names of sites, or `id:N`. */
  readonly sites: readonly string[];
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
  /** See DeploymentParts. */
  ownThumbprints(): ReadonlyMap<string, string>;
}

/** One site and what its setting is to be. */
interface FtpChange {
  readonly site: string;
  readonly before: FtpCertificate | null;
  readonly after: FtpCertificate;
}

/**
 * Certificates of FTP sites: serverCertHash and serverCertStoreName of the site in applicationHost.config. What was set
 * is read back. There is no FTPS handshake: it begins with commands of FTP.
 */
export function createIisFtpDeployment(options: IisFtpDeploymentOptions): Deployment {
  const { host, siteChanges, store } = options;

  const current = async (site: string): Promise<FtpCertificate | null> =>
    (await readInventory(host)).sites.find(({ name }) => name === site)?.ftp ?? null;

  const check = async (site: string, wanted: FtpCertificate | null): Promise<EndpointCheck> => {
    const found = await current(site);
    const ok = same(found, wanted);
    return {
      endpoint: `FTP site ${site}`,
      host: '',
      outcome: ok ? 'verified' : 'failed',
      code: ok ? null : 'IIS_CHANGE_DID_NOT_TAKE',
      message: ok ? 'read back from the configuration' : `the configuration has ${certificateText(found)}`,
      servedThumbprint: found?.certificateHash ?? null,
      findings: [],
    };
  };

  return {
    type: 'iis-ftp',
    install: (material) => installCertificate(host, store, material),

    plan: async (material) => {
      const { sites } = await readInventory(host);
      const scope = siteScope(options.sites);
      const decided = sites.filter((site) => scope(site) === 'explicit').map((site) => decide(site, material, options));
      const planned = decided.flatMap((one) => ('change' in one ? [one] : []));
      return {
        type: 'iis-ftp',
        changes: planned.map(({ shown }) => shown),
        skipped: [
          ...decided.flatMap((one) => ('skipped' in one ? [one.skipped] : [])),
          ...missingSites(options.sites, sites).map((entry) => ({
            target: `FTP site ${entry}`,
            code: 'site-missing',
            reason: 'there is no such site',
          })),
        ],
        snapshot: planned.map(({ change }) => encode(change)),
        detail: null,
      };
    },

    look: async (plan) => plan,

    apply: async (plan) => {
      for (const { site, before, after } of decode(plan)) {
        const found = await current(site);
        if (!same(found, before) && !same(found, after)) throw changedByOthers(site, found);
        await siteChanges.setFtpCertificate(site, after);
      }
    },

    verify: (plan) => Promise.all(decode(plan).map(({ site, after }) => check(site, after))),

    restore: async (plan) => {
      const foreign: EverbindError[] = [];
      const restored: EndpointCheck[] = [];
      for (const { site, before, after } of decode(plan)) {
        const found = await current(site);
        if (!same(found, before) && !same(found, after)) {
          foreign.push(changedByOthers(site, found));
          continue;
        }
        await siteChanges.setFtpCertificate(site, before);
        restored.push(await check(site, before));
      }
      if (foreign[0] !== undefined) throw foreign[0];
      return restored;
    },

    retire: (thumbprint) => retireFrom(host, options.ownThumbprints(), thumbprint),
  };
}

type Decision = { readonly change: FtpChange; readonly shown: PlannedChange } | { readonly skipped: Skipped };

function decide(
  site: SiteInventory,
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
  if (same(before, after)) return skip('already', 'it has this certificate');
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
  return { change: { site: site.name, before, after }, shown: { target, reason, replaces, sites: [site.name] } };
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
