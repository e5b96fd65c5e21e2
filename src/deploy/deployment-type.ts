import type * as z from 'zod';
import type { DeploymentConfig } from '../config/types.ts';
import type * as values from '../config/schema/values.ts';
import type { SiteChanges } from '../iis/change-sites.ts';
import type { Inventory } from '../iis/config/inventory-types.ts';
import type { Deployment } from '../ports/deployment.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { Probe } from '../verify/probe.ts';

/** Builds schemas of single values. Handed over, so that a run that parses no configuration does not load the schema library. */
export type SchemaValues = typeof values;

/** The settings of a type by their keys in everbind.yaml, without `type`. */
export type SettingsShape = z.core.$ZodLooseShape;

/** Settings as the schema lets them through. */
export type SettingsInput<Settings extends SettingsShape> = z.output<z.ZodObject<Settings>>;

/** What every deployment may work with. */
export interface DeploymentParts {
  readonly probe: Probe;
  /** Thumbprint (lower case) of every certificate that Everbind installed on this machine, with the name of its managed certificate. */
  ownThumbprints(): ReadonlyMap<string, string>;
}

/** What a deployment may work with that needs IIS on this machine. */
export interface IisParts extends DeploymentParts {
  readonly host: WindowsHost;
  /** Reads the present state; callers at the same time share one reading. */
  readInventory(): Promise<Inventory>;
  /** One for the run: it backs up the configuration of IIS before its first change. */
  readonly siteChanges: SiteChanges;
}

/** What a type may need of the machine, and what it is then given. */
export interface PartsByNeed {
  readonly nothing: DeploymentParts;
  readonly iis: IisParts;
}

/** Where the settings stand that are judged. */
export interface DeclaredIn {
  /** Folder of everbind.yaml: relative paths start there. */
  readonly folder: string;
  /** Reports what is wrong with the value at `path` within the deployment: "found …, expected …". */
  problem(path: readonly (string | number)[], found: string, expected: string): void;
}

/** A kind of place where certificates are put to use. */
export interface DeploymentType<
  Need extends keyof PartsByNeed = keyof PartsByNeed,
  Config extends DeploymentConfig = DeploymentConfig,
  Settings extends SettingsShape = SettingsShape,
> {
  /** The word in everbind.yaml. */
  readonly type: Config['type'];
  /** One sentence for the reference of everbind.yaml. */
  readonly description: string;
  /** On a machine that does not have it, the certificates that are deployed so fail, and no others. */
  readonly needs: Need;
  /** Each with a description for the reference; optional ones say their default there. */
  settings(schema: SchemaValues): Settings;
  /** Judges what depends on more than one value, and applies the defaults. The result is plain JSON: it is journaled. */
  configure(input: SettingsInput<Settings>, file: DeclaredIn): Config;
  /** The place in a few words for people; never a secret. */
  describe(config: Config): string;
  /** Loads what does the work. */
  create(config: Config, parts: PartsByNeed[Need]): Promise<Deployment>;
}
