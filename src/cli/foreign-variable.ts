/**
 * Variables that load code into the process or into its cryptography. It is loaded by the time we see them: this tells
 * of a mistake, and of an attacker who is not careful. Those that only add roots are not here: nothing that Everbind
 * trusts comes from them (src/net/roots.ts).
 */
const LOADS_CODE = ['OPENSSL_CONF', 'OPENSSL_MODULES', 'OPENSSL_ENGINES', 'NODE_PATH'] as const;

/** Those of the loaders of Linux and macOS; to Windows they mean nothing. */
const LOADS_LIBRARIES = ['LD_PRELOAD', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES'] as const;

const PLACES_OF_ROOTS = ['SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

/** Options of Node that change neither what is loaded nor what is trusted, and that others set for a whole machine. */
const HARMLESS =
  /^--(?:max-old-space-size|max-semi-space-size|stack-trace-limit|no-warnings|no-deprecation|disable-warning|trace-warnings|trace-uncaught|enable-source-maps|unhandled-rejections|dns-result-order)(?:=\S*)?$/;

/** The first variable that is set and decides what this program does; null when there is none. */
export function foreignVariable(environment: NodeJS.ProcessEnv, platform = process.platform): string | null {
  const names = platform === 'win32' ? LOADS_CODE : [...LOADS_CODE, ...LOADS_LIBRARIES];
  const set = names.find((name) => (environment[name] ?? '') !== '');
  if (set !== undefined) return set;
  // Then Node reads the roots of the system before we can say where they are.
  if (
    (environment['NODE_USE_SYSTEM_CA'] ?? '') !== '' &&
    PLACES_OF_ROOTS.some((name) => (environment[name] ?? '') !== '')
  ) {
    return 'NODE_USE_SYSTEM_CA';
  }
  const options = (environment['NODE_OPTIONS'] ?? '').split(/\s+/).filter((option) => option !== '');
  return options.every((option) => HARMLESS.test(option)) ? null : 'NODE_OPTIONS';
}
