import type { DeploymentCatalogue } from '../../deploy/catalogue.ts';
import type { Report } from '../report.ts';

/** What the checks of single parts know about the rest of the file. */
export interface CheckContext {
  readonly report: Report;
  /** Folder of the file: relative paths start there. */
  readonly folder: string;
  readonly catalogue: DeploymentCatalogue;
  /** Names of all issuers of the file, of wrong ones as well. */
  readonly issuerNames: readonly string[];
}
