CREATE TABLE migration (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token INTEGER NOT NULL,      -- grows with every acquisition and every release; fences writers that lost it
  holder TEXT,                 -- JSON: pid, started, boot, namespace; NULL when free
  expires_at INTEGER NOT NULL, -- ms since 1970
  ttl INTEGER NOT NULL         -- ms: how long before expires_at it was prolonged last
, latest_time INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE audit_event (
  seq INTEGER PRIMARY KEY,
  event TEXT NOT NULL,         -- canonical JSON (RFC 8785)
  leaf_hash BLOB NOT NULL      -- RFC 6962 section 2.1
) STRICT;
CREATE TABLE audit_checkpoint (
  size INTEGER PRIMARY KEY,    -- leaves that it covers
  note TEXT NOT NULL           -- C2SP signed note
) STRICT;
CREATE TABLE audit_range (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL,
  hashes BLOB NOT NULL
) STRICT;
CREATE TABLE custody_master (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL -- ms since 1970
) STRICT;
CREATE TABLE custody_keys (
  handle TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  sealed BLOB NOT NULL, -- PKCS#8 DER, sealed (src/custody/seal.ts)
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE custody_secrets (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL, -- UTF-8, sealed
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE applied_config (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint TEXT NOT NULL,
  engine TEXT NOT NULL,          -- JSON: EngineConfig
  issuers TEXT NOT NULL,         -- JSON: IssuerConfig[]
  applied_at INTEGER NOT NULL
) STRICT;
CREATE TABLE certificate (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL,          -- JSON: CertificateConfig
  removed INTEGER NOT NULL DEFAULT 0,
  next_due INTEGER NOT NULL,
  due_reason TEXT NOT NULL,      -- stable word, see src/renewal/schedule.ts
  failures INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,               -- JSON: code, message, at
  window_start INTEGER,          -- ARI window of the active certificate (RFC 9773), if the CA gave one
  window_end INTEGER,
  selected INTEGER,              -- the one draw in that window
  explanation_url TEXT,
  next_poll INTEGER              -- when to ask for the window again; NULL: never
, endpoints INTEGER) STRICT;
CREATE TABLE account (
  issuer TEXT NOT NULL,
  directory TEXT NOT NULL,
  key_handle TEXT NOT NULL,      -- written before the key is made
  url TEXT, key_at INTEGER, next_key TEXT, rollover_after INTEGER NOT NULL DEFAULT 0, rollover_code TEXT,                      -- NULL until the CA has answered
  PRIMARY KEY (issuer, directory)
) STRICT;
CREATE TABLE renewal (
  id TEXT PRIMARY KEY,
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  kind TEXT NOT NULL,            -- renewal, rollback
  step TEXT NOT NULL,            -- see docs/renewal.md
  outcome TEXT,                  -- NULL while open; renewed, rolledBack, failed, superseded
  issuer TEXT NOT NULL,
  identifiers TEXT NOT NULL,     -- JSON
  algorithm TEXT NOT NULL,       -- of the key
  key_handle TEXT NOT NULL,
  account_url TEXT,
  order_url TEXT,
  issued_id INTEGER REFERENCES issued (id),
  deployments TEXT,              -- JSON: DeploymentConfig[] that the plans are for
  plans TEXT,                    -- JSON: DeploymentPlan[], with the snapshot to go back to
  rollbacks INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  key_destroyed INTEGER NOT NULL DEFAULT 0  -- the key of a renewal that came to no certificate
, spent TEXT, authorized_at INTEGER) STRICT;
CREATE TABLE presented (
  renewal_id TEXT NOT NULL REFERENCES renewal (id),
  task TEXT NOT NULL,            -- JSON: ChallengeTask
  config TEXT NOT NULL           -- JSON: ChallengeConfig
) STRICT;
CREATE TABLE issued (
  id INTEGER PRIMARY KEY,
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  thumbprint TEXT NOT NULL,      -- SHA-1, lower-case hex
  status TEXT NOT NULL,          -- see IssuedStatus in src/renewal/types.ts
  chain TEXT NOT NULL,           -- PEM, leaf first; empty once retired
  algorithm TEXT NOT NULL,       -- of the key
  key_handle TEXT NOT NULL,
  issuer TEXT NOT NULL,
  account_url TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  revoked_at INTEGER,
  retire_at INTEGER              -- when to try to remove it; NULL unless retiring
, ari_id TEXT) STRICT;
CREATE TABLE issuer_health (
  issuer TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,     -- in a row, whichever certificate they were for
  closed_until INTEGER NOT NULL, -- not asked before; 0 while it is still asked
  code TEXT NOT NULL             -- of the last failure
) STRICT;
CREATE TABLE issuer_refusal (
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  issuer TEXT NOT NULL,
  until INTEGER NOT NULL,
  code TEXT NOT NULL, link TEXT,
  PRIMARY KEY (certificate_id, issuer)
) STRICT;
CREATE TABLE runner (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  pid INTEGER NOT NULL,
  started_at INTEGER NOT NULL, -- ms since 1970
  seen_at INTEGER NOT NULL,
  next_wake INTEGER NOT NULL,
  trouble TEXT                 -- JSON: code, message, at; NULL while all is well
) STRICT;
CREATE TABLE budget (
  directory TEXT NOT NULL,       -- of the CA
  account TEXT NOT NULL,         -- name of the issuer, or empty for what all accounts share
  kind TEXT NOT NULL,            -- LimitKind
  subject TEXT NOT NULL,         -- a name, a registered domain, a set of names; empty for the account as a whole
  full_at INTEGER NOT NULL,      -- when it is full again
  promised_at INTEGER NOT NULL,  -- end of the queue of certificates that wait for it
  noted_at INTEGER NOT NULL,     -- later than now: the clock was put back
  PRIMARY KEY (directory, account, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_hold (
  host TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  noted_at INTEGER NOT NULL
) STRICT;
CREATE TABLE spent_key (
  handle TEXT PRIMARY KEY,
  subject TEXT NOT NULL,         -- of the audit event: an issuer, a certificate
  destroy_at INTEGER NOT NULL    -- not before
) STRICT;
CREATE TABLE rehearsal (
  certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
  failed INTEGER NOT NULL DEFAULT 0, -- rehearsals in a row
  account_url TEXT,                  -- at the staging environment, with the order that was made there last
  order_url TEXT,
  over TEXT                          -- id of the renewal whose rehearsal has ended
) STRICT;
CREATE TABLE challenge_failure (
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  name TEXT NOT NULL,   -- as ordered, *.example.com for a wildcard
  config TEXT NOT NULL, -- JSON of the challenge as configured
  at INTEGER NOT NULL,
  PRIMARY KEY (certificate_id, name, config)
) STRICT, WITHOUT ROWID;
INSERT INTO migration (number, sha256) VALUES (1, 'd5f68988b043fc709a2dc24ea2fc104451d643fc2bbd56ab710ac846d838e248');
INSERT INTO migration (number, sha256) VALUES (10, '8855b40f8d99c0e54f49e511a56c18a0846251eacaa518e1131c765a5c82d635');
INSERT INTO migration (number, sha256) VALUES (20, '451eb815df9d905c21ede824dfe4cb9a09d8dc4d8a4d7cf2f73e18dd16d6aefc');
INSERT INTO migration (number, sha256) VALUES (30, 'ff97c2e04a011b56867a9d596b595bf6adadef09a3ea1e1e401e48b4d5900cc1');
INSERT INTO migration (number, sha256) VALUES (40, '91e5641279a2c73362585db43863c6735b0d360439b4d1e14f01632ae8e78876');
INSERT INTO migration (number, sha256) VALUES (45, '5951018eb827c00dc1ac007778ec8fa6afd943ef94fe2eb94e56823fbadeafe9');
INSERT INTO migration (number, sha256) VALUES (50, '6f4d6cfab3b8c3901b853e1bf04e43fe516847e2cfaee09cbfdcaa6edc9b91c3');
INSERT INTO migration (number, sha256) VALUES (60, '0179ef47fb7c555f50a89022fb96db3cddd18cceaa49e0690c0f9c9d2a9abef1');
INSERT INTO migration (number, sha256) VALUES (61, '949b51c43dd516ca0008c3241bb8e74809fa921aaa894c02c61894921c073ffd');
INSERT INTO migration (number, sha256) VALUES (70, 'b5ab9f521e5e706eb3fc6944061cec8312dbb87276f93b66357fd7b76d5292b0');
INSERT INTO migration (number, sha256) VALUES (71, '86ab0140934e5e24568c8ee37ea8bd7bb10fb39791263f9eb1acb46bb6484a6f');
INSERT INTO migration (number, sha256) VALUES (72, '57ea6a844d92e26cbf06d49fe6ecd31c26364a7a799077600df1c0e1da05d040');
INSERT INTO migration (number, sha256) VALUES (73, 'afb9ac645ebbee76e461e31c7fe9ab2320585a1893cd81e11214ea7e2949b3af');
INSERT INTO migration (number, sha256) VALUES (74, 'b911da03101c9f57fda8edba4f5d08e4ecf63341c809fe7895a9aa716ab9d754');
INSERT INTO lease (id, token, holder, expires_at, ttl, latest_time) VALUES (1, 2, NULL, 0, 30000, 1796068684238);
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (0, '{"commit":0,"data":{"names":["c0.bench.test"]},"seq":0,"subject":"c0","time":"2026-11-30T19:58:04.386Z","type":"certificate.declared","v":1}', x'36771ba0d55a11ab2f9562897ae34fe2a8dd73ac617229c40c7a38bef92250e3');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (1, '{"commit":0,"data":{"certificates":1,"changed":1,"fingerprint":"f1012497db26fc7044103e7a52fdbe5a6554c448aeab1e8e35cc588b3319a4be"},"seq":1,"subject":"everbind.yaml","time":"2026-11-30T19:58:04.387Z","type":"config.applied","v":1}', x'39c619e07e5fef08af1a05a7b56d843d5680ee00e794b0006defd49aca701d6b');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (2, '{"commit":2,"data":{"issuer":"pebble","key":"software:r-48f9b44aaadfd4e3","renewal":"48f9b44aaadfd4e3"},"seq":2,"subject":"c0","time":"2026-11-30T19:58:04.541Z","type":"renewal.started","v":1}', x'db68af5ba8995385cd1d0d90d9bd8b735dfdf9a5a78a2c2f5d18edda04735484');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (3, '{"commit":3,"data":{"directory":"https://127.0.0.1:22145/dir","key":"software:account-60a3f14730bd3009"},"seq":3,"subject":"pebble","time":"2026-11-30T19:58:04.543Z","type":"account.started","v":1}', x'16782cf08b4337106d8d67f2fad0c4cd971a469be7f37e69c4e5ad8208e0ac2e');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (4, '{"commit":4,"data":{"created":true,"url":"https://127.0.0.1:22145/my-account/57632a762565051d"},"seq":4,"subject":"pebble","time":"2026-11-30T19:58:04.563Z","type":"account.registered","v":1}', x'49c1e63d01b9aba10425454353285ec3940f142628357cb306ce3d70bae1d959');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (5, '{"commit":5,"data":{"algorithm":"ec-p256","key":"software:r-48f9b44aaadfd4e3","renewal":"48f9b44aaadfd4e3"},"seq":5,"subject":"c0","time":"2026-11-30T19:58:04.572Z","type":"key.generated","v":1}', x'0ebd8ff3c4653486c036be0d179c1ce2fc1fb363cbd27e543ac00aa21266d60f');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (6, '{"commit":5,"data":{"issuer":"pebble","names":["c0.bench.test"],"profile":null,"renewal":"48f9b44aaadfd4e3","replaces":null},"seq":6,"subject":"c0","time":"2026-11-30T19:58:04.572Z","type":"order.requested","v":1}', x'86abde0b2b722a368d1f04721a4c764c39a66fa0cef8d8a8b405ebf0ffdeb550');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (7, '{"commit":7,"data":{"account":"https://127.0.0.1:22145/my-account/57632a762565051d","order":"https://127.0.0.1:22145/my-order/w1Do59XtyCEVM5uvX10Bn0zoCG0ONtOaixxUh7FLG4g","renewal":"48f9b44aaadfd4e3"},"seq":7,"subject":"c0","time":"2026-11-30T19:58:04.575Z","type":"order.created","v":1}', x'253dc0fd058a5356acf12a0f07291cd8aba27a49f568ebaecda4f635140b8db1');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (8, '{"commit":8,"data":{"order":"https://127.0.0.1:22145/my-order/w1Do59XtyCEVM5uvX10Bn0zoCG0ONtOaixxUh7FLG4g","renewal":"48f9b44aaadfd4e3"},"seq":8,"subject":"c0","time":"2026-11-30T19:58:04.601Z","type":"order.ready","v":1}', x'f310709adfb9e6b520a7f83c06501395473c9a8fd664acd2dfd6f50578fd3224');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (9, '{"commit":9,"data":{"fingerprint":"82b04a010a760e89f7b2ac200c2c68525949e99be937b75da1a3afb5f895b8a9","notAfter":"2027-02-28T19:58:03.000Z","notBefore":"2026-11-30T19:58:04.000Z","renewal":"48f9b44aaadfd4e3","root":"CN=Pebble Root CA 209786","serial":"10fc83b107e503c0","thumbprint":"8e3a13b6e398183565c5f081dd215b439b7839dc"},"seq":9,"subject":"c0","time":"2026-11-30T19:58:04.614Z","type":"certificate.issued","v":1}', x'20ca68613b86c56af8f43ff7808eacc56cea14184e1954fef65730584ca13c18');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (10, '{"commit":10,"data":{"endpoints":[],"nextDue":"2027-01-29T22:22:06.151Z","renewal":"48f9b44aaadfd4e3","replaced":null,"thumbprint":"8e3a13b6e398183565c5f081dd215b439b7839dc"},"seq":10,"subject":"c0","time":"2026-11-30T19:58:04.616Z","type":"renewal.committed","v":1}', x'e8295b886f9b5c4330032e6151f12d774b592779eef721c00a10256aeb4003bc');
INSERT INTO audit_event (seq, event, leaf_hash) VALUES (11, '{"commit":11,"data":{"end":"2027-01-30T19:58:03.000Z","explanation":null,"selected":"2027-01-29T08:05:18.935Z","start":"2027-01-28T19:58:03.000Z"},"seq":11,"subject":"c0","time":"2026-11-30T19:58:04.622Z","type":"window.received","v":1}', x'067fc61cc0c86de064387d35c3c5dfbe9336b51eb70c309b00e2c1f55489aacb');
INSERT INTO audit_checkpoint (size, note) VALUES (2, 'everbind/49e59f22a1c0cfe5
2
vr2tZ7xBUU8g8evObZvdbgvvStKKW9zpC8XgAwApsoM=

— everbind/49e59f22a1c0cfe5 Fz3DFoDLOqMErfynJvWrYViM8cCbMrvZtgrLdtty6drFByrI+kPuJfMhfUHFnkvMTxh158fcEej5b7Oq2UYSbu87MQM=
');
INSERT INTO audit_checkpoint (size, note) VALUES (3, 'everbind/49e59f22a1c0cfe5
3
JJe+lweOU+aru6S4OuDbmpmgGKtOYcW8t5N4Eq6LkFM=

— everbind/49e59f22a1c0cfe5 Fz3DFtT/6Dn6qzV6k6B92VWM/R0L5dm8oY49cyH3NPZH/s+Ai3nDwJOezBIK7JPqt2zup/Q393Yy9Rf+2+P1uPH7oAQ=
');
INSERT INTO audit_checkpoint (size, note) VALUES (4, 'everbind/49e59f22a1c0cfe5
4
F8w800VbEB1t6CfG+8S1V4YV7AFsZqPHFgclhOows9E=

— everbind/49e59f22a1c0cfe5 Fz3DFsTDN1wH02+OAC/GlUkoB9GpKIUB751l26dEhGT/7HdDtFo/gq6RlzX34cFlv2pEyGfNC1HBp01ssRG7reuptgA=
');
INSERT INTO audit_checkpoint (size, note) VALUES (5, 'everbind/49e59f22a1c0cfe5
5
BHqIf9ig3rCT0bTEvxbeAlRi/wRkD2j5SZQFxT+mJW4=

— everbind/49e59f22a1c0cfe5 Fz3DFmUZ5WK0wdHLezzn3Su8YatsupUfv9ypvNS026HzZcLEOwISKXUW7RycW4BA4GDhvNgBJg1OeyZMKDqfMQmmVQ0=
');
INSERT INTO audit_checkpoint (size, note) VALUES (7, 'everbind/49e59f22a1c0cfe5
7
QVi2ehorYZYKsh7T5HOW//LLvK3kzqea5DwG41POK+k=

— everbind/49e59f22a1c0cfe5 Fz3DFn5w6yfUpVA1ZXnGoZSEfZbnv9xOCnmApTxuUrnys1XzEzgFZFh1EacfctgacL1VxMKoHZUDGRNuJNDGDeHTOgs=
');
INSERT INTO audit_checkpoint (size, note) VALUES (8, 'everbind/49e59f22a1c0cfe5
8
E6gwr4X1duTkcz4w4cATyJisj5mxhxvGHR9Fjojj5AI=

— everbind/49e59f22a1c0cfe5 Fz3DFnHhnts2Ir8iXtg3TKNeJ/YEcwGIFqPBalCKns8nA29Fw0OdBv8cyrwLsfyUEqXRuEwPmiyvNKuiXd9/PHZU6wg=
');
INSERT INTO audit_checkpoint (size, note) VALUES (9, 'everbind/49e59f22a1c0cfe5
9
6zBi8TgNdHTlvzM9HBcwz2qyyHFR8zIHK+R3otk0Mhw=

— everbind/49e59f22a1c0cfe5 Fz3DFrVKi/bDELsyOFM/D+Ui9vr+O2e+zIB+FAdCCa4GF8ohFm+pC7f9/JzoK9emBV4lLg7oKXo51SOehis8YP5Giwc=
');
INSERT INTO audit_checkpoint (size, note) VALUES (10, 'everbind/49e59f22a1c0cfe5
10
M9HqojaOl7m8bl18r2CR1Lvqriinirq0oMKR2oLwjCM=

— everbind/49e59f22a1c0cfe5 Fz3DFk81FHa5EcMab9cthP9vDsnIiJpFyuF97HenJzmUb7EgDHdj/HqrnYhT9hoxFq1erg91XR+1y9wMeTvmTNDXtgg=
');
INSERT INTO audit_checkpoint (size, note) VALUES (11, 'everbind/49e59f22a1c0cfe5
11
vZ6E0yFeqPNDGiYg+8qLdW0JctCiYlJdb0qTq490fSc=

— everbind/49e59f22a1c0cfe5 Fz3DFmwy95dJYZpkcGnmGdvOSod6efcByY+9qP7HN6xkyGBLXgzYe5YxeAujTTxAIA5EUioJCuFGVQrnuWwHPNqFkwc=
');
INSERT INTO audit_checkpoint (size, note) VALUES (12, 'everbind/49e59f22a1c0cfe5
12
lFmW05hQLJwi9YY2JrPo+27k92+9LlnRZVfpHQVl0VQ=

— everbind/49e59f22a1c0cfe5 Fz3DFrE8XfjT9dkLa34ztiwhwwlI+7Yqz9VjTHSLU3bQsIPq1WXy4tdPzJMzqNLoSkJLFlt/hSvIqiHQ+HA3Mewj5gE=
');
INSERT INTO audit_range (id, size, hashes) VALUES (1, 12, x'13a830af85f576e4e4733e30e1c013c898ac8f99b1871bc61d1f458e88e3e4020d461c23ff946c387d29c83866fadc76cad14f61181a67b84afb87889dd40bff');
INSERT INTO custody_master (id, sealed, created_at) VALUES (1, x'01b545927a569f2ce3d4cbadb2c084bbb490a521a04234536907b123367f12132440d673bf0b1fd5f1cd9f5766be85af', 1796068684234);
INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES ('software:audit', 'ed25519', x'0153124ae714532b0ed2b8ea1bf2fc9ce3701390d432b7999edec9ed321e75d4803811033351a1690a2837cb28e38b7f2ff6ef543c04aa0c2ac512ae1e91d2d9410b3811acf48767da61a4792c', 1796068684235);
INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES ('software:account-60a3f14730bd3009', 'ec-p256', x'0146d012b4c2c34e13d71d26ef9c4726f581223fd4d1e93aab2a15004bf062f2e932fcc29a56c9b24fa4b99b640bad7f6e0e55006f00fd77834529da0054aff2b414abafbb37751d538cf3cc75efddd4da6673c2649e63b743cab38e9baaf3cf2b8326f306f5596feea8aaacf53109d847abf1ea2d3e360cfdef4005628c2898b0ffde8f4f70ad6fe59a8770467e22c9884af8d1edba73ea94f3a5443a708adbba427191750b61', 1796068684545);
INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES ('software:r-48f9b44aaadfd4e3', 'ec-p256', x'01d4fcb7567257246c11b58f1e0d470ad2ea3df1c1b0fb8b40c7e141e3f9ed4e1ea96350b2f34d0038e30014d5f591935cbd65d8a6a335fb95da8689d1a36bb182d4ca45656829d7a49d91286d2e874b157acaeb7c2f02d483e544f31d2b2323360a6176a2a1393588e12a1201b5e71ab355d3f3feb372d9750b4c690c599708b285bc118adfd3d00ecd08145cd262fc25e6696827254dca2dc8dcec60b46e6dd2a21326b5ea6b', 1796068684570);
INSERT INTO applied_config (id, fingerprint, engine, issuers, applied_at) VALUES (1, 'f1012497db26fc7044103e7a52fdbe5a6554c448aeab1e8e35cc588b3319a4be', '{"concurrency":64}', '[{"name":"pebble","directory":"https://127.0.0.1:22145/dir","staging":null,"contacts":[],"termsOfServiceAgreed":true,"accountKey":"ec-p256","accountKeyRolloverDays":90,"externalAccountBinding":null,"profile":null,"preferredIssuer":null,"limits":null,"trustRoots":["/tmp/earlier/listener.pem"],"certificateRoots":["/tmp/earlier/root.pem"],"allowInsecureLoopback":false}]', 1796068684239);
INSERT INTO certificate (id, name, config, removed, next_due, due_reason, failures, last_error, window_start, window_end, selected, explanation_url, next_poll, endpoints) VALUES (1, 'c0', '{"name":"c0","identifiers":[{"type":"dns","value":"c0.bench.test"}],"key":{"algorithm":"ec-p256","provider":"software","reuse":false},"issuers":["pebble"],"challenges":[{"patterns":["*"],"challenge":{"type":"http-01","mode":"listener","path":null,"port":22144}}],"deployments":[],"keepOld":1,"maintenance":null}', 0, 1801209918935, 'window', 0, NULL, 1801166283000, 1801339083000, 1801209918935, NULL, 1796090284621, NULL);
INSERT INTO account (issuer, directory, key_handle, url, key_at, next_key, rollover_after, rollover_code) VALUES ('pebble', 'https://127.0.0.1:22145/dir', 'software:account-60a3f14730bd3009', 'https://127.0.0.1:22145/my-account/57632a762565051d', 1796068684543, NULL, 0, NULL);
INSERT INTO renewal (id, certificate_id, kind, step, outcome, issuer, identifiers, algorithm, key_handle, account_url, order_url, issued_id, deployments, plans, rollbacks, started_at, finished_at, key_destroyed, spent, authorized_at) VALUES ('48f9b44aaadfd4e3', 1, 'renewal', 'issued', 'renewed', 'pebble', '[{"type":"dns","value":"c0.bench.test"}]', 'ec-p256', 'software:r-48f9b44aaadfd4e3', 'https://127.0.0.1:22145/my-account/57632a762565051d', 'https://127.0.0.1:22145/my-order/w1Do59XtyCEVM5uvX10Bn0zoCG0ONtOaixxUh7FLG4g', 1, NULL, NULL, 0, 1796068684540, 1796068684615, 0, NULL, 1796068684601);
INSERT INTO issued (id, certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at, revoked_at, retire_at, ari_id) VALUES (1, 1, '8e3a13b6e398183565c5f081dd215b439b7839dc', 'active', '-----BEGIN CERTIFICATE-----
MIIBkDCCATegAwIBAgIIEPyDsQflA8AwCgYIKoZIzj0EAwIwKDEmMCQGA1UEAxMd
UGViYmxlIEludGVybWVkaWF0ZSBDQSAyOTc0MTkwHhcNMjYxMTMwMTk1ODA0WhcN
MjcwMjI4MTk1ODAzWjAAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqBC3VvcV
eo6NFSxQd2XeuUy107Dq92s0VExocitCGuvp1mqkM5vn+kQrPpyXiAwWZKUSrZJN
6N2RsjsblB8xmqNzMHEwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUF
BwMBMAwGA1UdEwEB/wQCMAAwHwYDVR0jBBgwFoAUd6fG+oKDmcz0cO0wk/iu+1bl
sdUwGwYDVR0RAQH/BBEwD4INYzAuYmVuY2gudGVzdDAKBggqhkjOPQQDAgNHADBE
AiAjcTP8XMTRBOcjtNHTnxBJ21dWvxDkyunlf05fmIe9AAIgCAuMgXWmjlD1JNva
vKPk6eznspMPfJ3WvdoGGAMtLbU=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBtzCCAV6gAwIBAgIIOGlgbIAUjOAwCgYIKoZIzj0EAwIwIDEeMBwGA1UEAxMV
UGViYmxlIFJvb3QgQ0EgMjA5Nzg2MCAXDTI2MTEzMDE5NTgwM1oYDzIwNTYxMTMw
MTk1ODAzWjAoMSYwJAYDVQQDEx1QZWJibGUgSW50ZXJtZWRpYXRlIENBIDI5NzQx
OTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNTjcK1LjOlVy0y1//eYIvZBEXN8
h0HW5qVOylHDvzgOepEdm1CwAFNHRopvYRa8PVQriu9Kt7gUeu5jgjeOsTyjeDB2
MA4GA1UdDwEB/wQEAwIChDATBgNVHSUEDDAKBggrBgEFBQcDATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBR3p8b6goOZzPRw7TCT+K77VuWx1TAfBgNVHSMEGDAW
gBRMO9Aats3RanXBF/yNCdaUzkMj5jAKBggqhkjOPQQDAgNHADBEAiAVXRQMTxmT
ViCxpUMIEXRZktsKupDJ7Go2ZIieQ6vsWAIgZGdtjRxuRadw9SZY4GMMioHylNy8
A/Onc4PfLSIvOus=
-----END CERTIFICATE-----
', 'ec-p256', 'software:r-48f9b44aaadfd4e3', 'pebble', 'https://127.0.0.1:22145/my-account/57632a762565051d', 1796068684000, 1803844683000, 1796068684613, NULL, NULL, 'd6fG-oKDmcz0cO0wk_iu-1blsdU.EPyDsQflA8A');
CREATE INDEX certificate_due ON certificate (next_due) WHERE removed = 0;
CREATE INDEX certificate_poll ON certificate (next_poll) WHERE removed = 0 AND next_poll IS NOT NULL;
CREATE UNIQUE INDEX renewal_open ON renewal (certificate_id) WHERE outcome IS NULL;
CREATE INDEX renewal_history ON renewal (certificate_id, started_at);
CREATE INDEX renewal_order ON renewal (order_url) WHERE order_url IS NOT NULL;
CREATE INDEX presented_task ON presented (task);
CREATE INDEX issued_retire ON issued (retire_at) WHERE retire_at IS NOT NULL;
CREATE INDEX issued_certificate ON issued (certificate_id, status);
CREATE INDEX issued_thumbprint ON issued (thumbprint);
CREATE INDEX certificate_deployed ON certificate (id)
  WHERE removed = 0 AND json_array_length(config, '$.deployments') > 0;
CREATE INDEX budget_full ON budget (full_at);
CREATE INDEX budget_noted ON budget (noted_at);
CREATE INDEX spent_key_due ON spent_key (destroy_at);
CREATE INDEX issued_revoked ON issued (certificate_id, key_handle) WHERE revoked_at IS NOT NULL;
CREATE INDEX renewal_unused ON renewal (certificate_id) WHERE outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0;
CREATE INDEX certificate_unserved ON certificate (name) WHERE removed = 0 AND endpoints = 0;
CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_event_kept BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE UPDATE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_checkpoint_kept BEFORE DELETE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
