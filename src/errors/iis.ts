import { entries } from './entry.ts';

export const IIS_ERRORS = entries({
  IIS_CONFIG_INVALID: {
    exit: 2,
    summary: 'An IIS configuration file cannot be read.',
    action:
      'Check the path; where the message names line and column, compare with a backup below %SystemDrive%\\inetpub\\history.',
  },
  IIS_NOT_INSTALLED: {
    exit: 5,
    summary: 'There is no IIS on this server.',
    action: 'Install the role "Web Server (IIS)" (Install-WindowsFeature Web-Server), or run Everbind where IIS is.',
  },
  IIS_TOO_OLD: {
    exit: 5,
    summary: 'This version of IIS is too old.',
    action: 'Everbind needs IIS 10 (Windows Server 2016) or later; move the sites to such a server.',
  },
  IIS_APPCMD_FAILED: {
    exit: 1,
    summary: 'appcmd.exe ended with an error.',
    action: 'Run the command of the details by hand on this server; its exit code is a Win32 code.',
  },
  IIS_ACCESS_DENIED: {
    exit: 5,
    summary: 'IIS does not let this process read or change its configuration.',
    action: 'Run Everbind elevated, as an administrator or as SYSTEM.',
  },
  IIS_APPCMD_OUTPUT_INVALID: {
    exit: 1,
    summary: 'appcmd.exe printed something that is not its XML.',
    action: 'Run the command of the details by hand on this server and compare; report it if the output looks right.',
  },
  IIS_NAME_UNQUOTABLE: {
    exit: 1,
    summary: 'A binding of IIS cannot be written in an appcmd command.',
    action: "Write the binding without the apostrophe or control character in it, which appcmd's paths cannot quote.",
  },
  IIS_SITE_UNKNOWN: {
    exit: 1,
    summary: 'There is no such site.',
    action: 'Compare with everbind scan; the site may have been removed or renamed.',
  },
  IIS_SITE_CANNOT_START: {
    exit: 1,
    summary: 'IIS cannot start or stop this site.',
    action:
      'Give the site an application for / with a folder and at least one http or https binding; IIS says 0x800710D8 (4312) otherwise.',
  },
  IIS_SITE_NOT_LISTENING: {
    exit: 1,
    summary: 'A site did not listen within 15 seconds after it was changed.',
    action:
      'Look at its state in IIS Manager: another site may have the same binding, another program the port, or W3SVC may be stopped. The change was kept; repeat the command when the site runs.',
  },
  IIS_CHANGE_DID_NOT_TAKE: {
    exit: 1,
    summary: 'A change to the configuration of IIS did not keep.',
    action: 'Look for another program that manages this site; the configuration before is in appcmd list backup.',
  },
  IIS_RECORD_DID_NOT_TAKE: {
    exit: 1,
    summary: 'An http.sys record did not keep what was written to it.',
    action: 'Look for another program that manages the certificates of this port (netsh http show sslcert).',
  },
  IIS_RECORD_CHANGED_BY_OTHERS: {
    exit: 1,
    summary: 'Somebody else changed an http.sys record after it was read; it was left as it is.',
    action: 'Look at the record (netsh http show sslcert), then renew again: the next plan starts from it.',
  },
  IIS_RECORD_HAS_EXTENDED_PARAMETERS: {
    exit: 1,
    summary:
      'An http.sys record has settings beside it that this Windows would lose when the certificate is replaced; it was left as it is.',
    action:
      'Write down what netsh http show sslcert shows for the record (HTTP/2, TLS 1.3, QUIC, session tickets), set the new certificate and those settings by hand with netsh, or update Windows: later versions replace a record in one call.',
  },
  IIS_RESTORE_FAILED: {
    exit: 1,
    summary: 'Not every http.sys record could be put back to its earlier state.',
    action:
      'The details name the records; Everbind tries again at the next run. Until then look at them: netsh http show sslcert.',
  },
  IIS_RECORD_NOT_RESTORABLE: {
    exit: 1,
    summary:
      'An http.sys record cannot get back the certificate that it had: that certificate or its key is not in the store any more.',
    action:
      'Nothing to do for the record: it served nothing before, and keeps the new certificate. Find out who removes certificates that are in use.',
  },
  IIS_CERTIFICATE_NOT_STORED: {
    exit: 1,
    summary: 'A certificate is not in the store after it was imported, or came without its key.',
    action: 'Check that nothing else cleans the certificate store of the computer, then renew again.',
  },
  IIS_PLAN_INVALID: {
    exit: 1,
    summary: 'A recorded binding plan cannot be read.',
    action: 'It was written by another version of Everbind or was damaged. Renew again: a new plan is made.',
  },
});
