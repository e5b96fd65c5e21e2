import { entries } from './entry.ts';

export const WINDOWS_ERRORS = entries({
  WIN_CALL_FAILED: {
    exit: 1,
    summary: 'A call into Windows failed.',
    action: 'Look up the status number; 5 means: run elevated, 1312: the certificate or its key is not in the store.',
  },
  WIN_NOT_WINDOWS: {
    exit: 5,
    summary: 'This command needs a Windows host with IIS.',
    action: 'Run it on the IIS server.',
  },
  WIN_FFI_BLOCKED: {
    exit: 5,
    summary: 'The library by which Everbind calls Windows (koffi.node) cannot be loaded.',
    action:
      'Look into the event logs Microsoft-Windows-CodeIntegrity/Operational and AppLocker/EXE and DLL: the file is not signed, so a policy (WDAC, AppLocker) must allow it by its hash. If no policy blocks it, install Everbind again: the file is missing or damaged.',
  },
  WIN_NOT_ELEVATED: {
    exit: 5,
    summary: 'This process does not have the rights of an administrator.',
    action: 'Run it elevated ("Run as administrator"), or as SYSTEM.',
  },
  SELFTEST_FAILED: {
    exit: 1,
    summary: 'This server did not do what a renewal needs.',
    action:
      'The message says what was expected. Nothing of your sites was touched; run everbind selftest --json for the details.',
  },
  SELFTEST_UNDER_WAY: {
    exit: 4,
    summary: 'Another self-test is under way on this server.',
    action: 'Wait until it has ended.',
  },
});
