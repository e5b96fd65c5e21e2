// The walls of docs/architecture.md. tools/walls.ts runs this and also checks that modules were seen at all.
const pureRooms = '^src/(acme|pki|audit)/|^src/iis/(plan|binding-information|application-host|appcmd-output|inventory-types|match|ssl-flags|ssl-record)[^/]*\\.ts$|^src/renewal/schedule[^/]*\\.ts$|^src/dns/(name|message|tsig|update|server-text|caa|caa-value)\\.ts$';
const pureTargets = '^src/(acme|pki|audit|errors|ports)/|^src/iis/(plan|binding-information|application-host|appcmd-output|inventory-types|match|ssl-flags|ssl-record)[^/]*\\.ts$|^src/renewal/schedule[^/]*\\.ts$|^src/dns/(name|message|tsig|update|server-text|caa|caa-value)\\.ts$';
const pureLibraries = '(^|/)node_modules/(asn1js|pkijs|pvtsutils|pvutils|saxes|xmlchars)/';
// Functions of their input: hashing, signature checks, IP and URL syntax. No randomness is taken from crypto in these rooms.
const pureBuiltins = '^(node:)?(crypto|buffer|net|url|util)$';
module.exports = {
  forbidden: [
    { name: 'pure-rooms-stay-pure', severity: 'error', from: { path: pureRooms }, to: { pathNot: [pureTargets, pureLibraries, pureBuiltins] } },
    { name: 'only-windows-knows-ffi', severity: 'error', from: { path: '^src/', pathNot: '^src/windows/' }, to: { path: 'koffi' } },
    { name: 'only-cli-composes', severity: 'error', from: { path: '^src/', pathNot: '^src/cli/' }, to: { path: '^src/cli/' } },
    { name: 'product-never-imports-lab', severity: 'error', from: { path: '^src/' }, to: { path: '^(lab|test|bench)/' } },
    { name: 'ports-are-types-only', severity: 'error', from: { path: '^src/ports/' }, to: { pathNot: '^src/ports/' } },
    { name: 'errors-stand-alone', severity: 'error', from: { path: '^src/errors/' }, to: { pathNot: '^src/errors/' } },
    { name: 'adapters-do-not-know-the-engine', severity: 'error', from: { path: '^src/(custody|challenge|deploy|iis|verify|selftest|store|net|notify|dns|preflight|windows)/' }, to: { path: '^src/renewal/' } },
    { name: 'dns-knows-ports-and-pure-rooms', severity: 'error', from: { path: '^src/dns/' }, to: { path: '^src/', pathNot: ['^src/dns/', pureTargets] } },
    { name: 'dns-serves-few', severity: 'error', from: { path: '^src/', pathNot: '^src/(dns|challenge|config|preflight|cli)/' }, to: { path: '^src/dns/' } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache)/' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
    builtInModules: { add: ['node:sqlite'] },
  },
};
