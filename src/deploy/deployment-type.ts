import type * as z from 'zod';
import type { DeploymentConfig } from '../config/types.ts';
import type * as values from '../config/schema/values.ts';
import type { SiteChanges } from '../iis/change-sites.ts';
import type { Inventory } from '../iis/config/inventory-types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Deployment } from '../ports/deployment.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { Probe } from '../verify/probe.ts';

/**
 * Builds schemas of single values. Passed in, so that a run that parses no configuration does not load the schema
 * library.
 */
export type SchemaValues = typeof values;

/** The settings of a type by their keys in everbind.yaml, without `type`. */
export type SettingsShape = z.core.$ZodLooseShape;

/** Settings as the schema lets them through. */
export type SettingsInput<Settings extends SettingsShape> = z.output<z.ZodObject<Settings>>;

/** What every deployment can use. */
export interface DeploymentParts {
  readonly probe: Probe;
  /**
   * Thumbprints (lower case) of all certificates that Everbind installed on this machine, each with the name of its
   * managed certificate.
   */
  ownThumbprints(): ReadonlyMap<string, string>;
  readonly clock: Clock;
  /**
   * Roots that visitors know, as far as this machine can tell, DER: Mozilla's, and those that the configuration names
   * for private CAs. The same array each time. Throws CONFIG_UNREADABLE.
   */
  visitorRoots(): Promise<readonly Uint8Array[]>;
}

/** What a deployment can use that needs IIS on this machine. */
export interface IisParts extends DeploymentParts {
  readonly host: WindowsHost;
  /** Reads the present state. Concurrent callers share one reading. */
  readInventory(): Promise<Inventory>;
  /** Shared by the whole run: it backs up the configuration of IIS before its first change. */
  readonly siteChanges: SiteChanges;
}

/** What a type can need of the machine, and what it gets. */
export interface PartsByNeed {
  readonly nothing: DeploymentParts;
  readonly iis: IisParts;
}

/** The file that has the settings. */
export interface DeclaredIn {
  /** Folder of everbind.yaml: relative paths start there. */
  readonly folder: string;
  /** Reports what is wrong with the value at `path` within the deployment: "found …, expected …". */
  problem(path: readonly (string | number)[], found: string, expected: string): void;
}

/** A kind of place where certificates are deployed. */
export interface DeploymentType<
  Need extends keyof PartsByNeed = keyof PartsByNeed,
  Config extends DeploymentConfig = DeploymentConfig,
  Settings extends SettingsShape = SettingsShape,
> {
  /** The word in everbind.yaml. */
  readonly type: Config['type'];
  /** One sentence for the reference of everbind.yaml. */
  readonly description: string;
  /** On a machine without it only the certificates fail that are deployed so. */
  readonly needs: Need;
  /** Each has a description for the reference. The description of an optional one has its default. */
  settings(schema: SchemaValues): Settings;
  /**
   * Judges what depends on more than one value, and applies the defaults. The result must be plain JSON: it is
   * journaled.
   */
  configure(input: SettingsInput<Settings>, file: DeclaredIn): Config;
  /** Describes the place in a few words for people; never a secret. */
  describe(config: Config): string;
  /** Loads the code that does the work. */
  create(config: Config, parts: PartsByNeed[Need]): Promise<Deployment>;
}
