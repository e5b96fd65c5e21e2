import { ACCOUNT_QUIRKS } from './accounts.ts';
import { CERTIFICATE_QUIRKS } from './certificates.ts';
import { MACHINE_QUIRKS } from './machine.ts';
import { OBJECT_QUIRKS } from './objects.ts';
import { PACE_QUIRKS } from './pace.ts';
import type { Quirk } from './quirk.ts';
import { VALIDATION_QUIRKS } from './validation.ts';

/** Everything that is played before Pebble. */
export const QUIRKS: readonly Quirk[] = [
  ...OBJECT_QUIRKS,
  ...VALIDATION_QUIRKS,
  ...CERTIFICATE_QUIRKS,
  ...ACCOUNT_QUIRKS,
  ...PACE_QUIRKS,
  ...MACHINE_QUIRKS,
];
