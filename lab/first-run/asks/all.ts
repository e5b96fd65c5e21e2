import type { Ask } from '../asking.ts';
import { askAccounts } from './accounts.ts';
import { askAppcmd, askDelays, askFlags, askFtp } from './appcmd.ts';
import { askRestarts, askStateFolder } from './files.ts';
import { askPrefix } from './http.ts';
import { askCreate, askDescriptor, askProviderStatuses, askPss, askRsaImport } from './keys.ts';
import { askLoad, askStructures } from './library.ts';
import {
  askHosts,
  askIds,
  askPrecedence,
  askRefusals,
  askReplace,
  askStatuses,
  askStoreMy,
  askUpdate,
} from './records.ts';
import { askChain, askProbe, askSigningOnly, askSwitch, askUnreachable } from './serving.ts';
import { askCommit, askOtherProcess } from './stores.ts';

/** How each question is asked, by its number. */
export const asks: Readonly<Record<number, Ask>> = {
  1: askLoad,
  2: askStructures,
  3: askCommit,
  4: askOtherProcess,
  5: askCreate,
  6: askDescriptor,
  7: askAccounts,
  8: askRsaImport,
  9: askProviderStatuses,
  10: askPss,
  11: askIds,
  12: askStatuses,
  13: askUpdate,
  14: askReplace,
  15: askStoreMy,
  16: askHosts,
  17: askPrecedence,
  18: askSwitch,
  19: askChain,
  20: askUnreachable,
  21: askSigningOnly,
  22: askProbe,
  23: askRefusals,
  24: askAppcmd,
  25: askDelays,
  26: askFlags,
  27: askFtp,
  28: askPrefix,
  29: askRestarts,
  30: askStateFolder,
};
