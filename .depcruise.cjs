// The walls of docs/architecture.md, by folder. tools/walls.ts runs this, and checks that every rule has modules on both
// sides; it has the list of rooms that are still to come.
const pureRooms = [
  '^src/(acme|pki|audit|concurrency)/',
  '^src/iis/(plan|config|records/ssl-record)',
  '^src/renewal/schedule/',
  '^src/dns/wire/',
  '^src/posture/rules/',
];
const pure = ['^src/(errors|ports)/', ...pureRooms];
const pureLibraries = '(^|/)node_modules/(saxes|xmlchars)/';
// Functions of their input: hashing, signature checks, IP and URL syntax. No randomness is taken from crypto in these rooms.
const pureBuiltins = '^(node:)?(crypto|buffer|net|url|util)$';
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const src = (...rooms) => `^src/(${rooms.join('|')})/`;
// What the configuration has to know of deployments. It is loaded by runs that deploy nothing.
const deploymentDefinitions = '^src/deploy/(catalogue|deployment-type|[^/]+/(definition|[a-z-]+-settings))\\.ts$';

module.exports = {
  forbidden: [
    rule('pure-rooms-stay-pure', { path: pureRooms }, { pathNot: [...pure, pureLibraries, pureBuiltins] }),
    rule('concurrency-stands-alone', { path: src('concurrency') }, { path: '^src/', pathNot: [src('concurrency', 'ports')] }),
    rule('only-windows-knows-ffi', { path: '^src/', pathNot: src('windows') }, { path: '(^|/)koffi(/|$)' }),
    rule('windows-has-no-policy', { path: src('windows') }, { path: '^src/', pathNot: [src('windows', 'concurrency'), ...pure] }),
    rule('only-callers-know-the-agent', { path: '^src/', pathNot: src('agent', 'cli', 'service') }, { path: src('agent') }),
    rule('nobody-knows-the-command-line', { path: '^src/', pathNot: src('cli') }, { path: src('cli') }),
    rule('product-never-imports-lab', { path: '^src/' }, { path: '^(lab|test|bench|tools)/' }),
    rule('ports-are-types-only', { path: src('ports') }, { pathNot: src('ports') }),
    rule('errors-stand-alone', { path: src('errors') }, { pathNot: src('errors') }),
    rule('net-knows-no-protocol', { path: src('net') }, { path: '^src/', pathNot: src('net', 'concurrency', 'errors', 'ports', 'pki') }),
    rule(
      'adapters-do-not-know-the-engine',
      { path: src('custody', 'challenge', 'cloud', 'deploy', 'iis', 'verify', 'selftest', 'store', 'net', 'dns', 'preflight', 'windows') },
      { path: src('renewal', 'overview') },
    ),
    rule('the-engine-knows-no-issuer', { path: '^src/renewal/', pathNot: '^src/renewal/issuers/' }, { path: ['^src/renewal/issuers/', src('acme')] }),
    rule('config-declares', { path: src('config') }, { path: '^src/', pathNot: [src('config', 'dns'), deploymentDefinitions, ...pure] }),
    rule(
      'deployments-are-loaded-when-created',
      { path: deploymentDefinitions },
      { path: '^src/', pathNot: [deploymentDefinitions, src('config', 'errors')], dynamic: false, dependencyTypesNot: ['type-only'] },
    ),
    rule('cloud-is-shared', { path: src('cloud') }, { path: '^src/', pathNot: [src('cloud', 'concurrency'), ...pure] }),
    rule('custody-knows-ports-and-cloud', { path: src('custody') }, { path: '^src/', pathNot: [src('custody', 'cloud', 'concurrency', 'store'), ...pure] }),
    rule('dns-knows-ports-and-pure-rooms', { path: src('dns') }, { path: '^src/', pathNot: [src('dns', 'cloud', 'concurrency'), ...pure] }),
    rule('dns-serves-few', { path: '^src/', pathNot: src('dns', 'challenge', 'config', 'preflight', 'agent', 'cli') }, { path: src('dns') }),
    rule('overview-reads-state', { path: src('overview') }, { path: '^src/', pathNot: [src('overview', 'store', 'config', 'concurrency'), '^src/renewal/(state|schedule|ratelimits)/', ...pure] }),
    rule('only-overview-judges', { path: '^src/(cli/output|notify|hub)/' }, { path: '^src/renewal/(state|engine|ratelimits)/', dependencyTypesNot: ['type-only'] }),
    rule('notify-reads-events', { path: src('notify') }, { path: src('renewal', 'agent', 'iis', 'windows', 'deploy') }),
    rule('posture-takes-facts', { path: src('posture') }, { path: src('agent', 'renewal', 'windows', 'net', 'store') }),
    rule('import-takes-text', { path: src('import') }, { path: '^src/', pathNot: [src('import', 'config'), ...pure] }),
    rule('the-service-calls-the-agent', { path: src('service') }, { path: '^src/', pathNot: [src('service', 'agent', 'windows', 'errors', 'ports')] }),
    rule('update-stands-apart', { path: src('update') }, { path: src('renewal', 'agent', 'custody', 'acme') }),
    rule('the-hub-is-no-agent', { path: src('hub') }, { path: src('cli', 'windows', 'agent', 'store', 'renewal', 'iis') }),
    rule('the-agent-is-no-hub', { path: '^src/', pathNot: src('hub') }, { path: src('hub') }),
    rule('no-cycles', {}, { circular: true }),
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
