import type { DeploymentCatalogue } from '../../deploy/catalogue.ts';
import type { Report } from '../report.ts';

/** What the check of one part needs to know of the rest of the file. */
export interface CheckContext {
  readonly report: Report;
  /** Folder of the file: relative paths start there. */
  readonly folder: string;
  readonly catalogue: DeploymentCatalogue;
  /** Names of all issuers of the file, also of those that have problems. */
  readonly issuerNames: readonly string[];
}
