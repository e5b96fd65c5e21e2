import assert from 'node:assert/strict';
import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { findLabKey, readLabKeys, setLabDevice } from '../../../lab/wine/doubles/key-files.ts';
import { openProbeHost, type ProbeHost } from './wine-doubles-probe.ts';

const SOFTWARE = 'Microsoft Software Key Storage Provider';
const PLATFORM = 'Microsoft Platform Crypto Provider';
const HSM = 'Everbind Lab HSM';
const SMART_CARD = 'Microsoft Smart Card Key Storage Provider';
const SDDL = 'D:P(A;;GAGR;;;SY)(A;;GAGR;;;BA)';
const DATA = 'everbind';
const MADE = '0 0 0 0 0 0 0';

describe('ncrypt double under Wine', () => {
  let host: ProbeHost;
  const keys = (...commands: readonly (readonly string[])[]): Promise<readonly string[]> =>
    host.probe('key-probe', commands);
  const one = async (...command: readonly string[]): Promise<string> => (await keys(command))[0] ?? '';

  before(async () => {
    host = await openProbeHost({ applicationHostConfig: null });
  });
  after(() => host.close());

  it('has providers by name, and no others: 0x80090016', async () => {
    assert.equal(await one('providers'), `0 ${[SOFTWARE, PLATFORM, HSM, SMART_CARD].join('; ')};`);
    const lines = await keys(
      ['open-provider', SOFTWARE.toUpperCase()],
      ['open-provider', 'Bogus KSP'],
      ['create', 'Bogus KSP', 'RSA', 'key'],
    );
    assert.deepEqual(lines, ['0 0 80090026', '80090016', '80090016']);
  });

  const algorithms = [
    ['RSA', '2048', 'rsa'],
    ['RSA', '3072', 'rsa'],
    ['RSA', '4096', 'rsa'],
    ['ECDSA_P256', '-', 'ec'],
    ['ECDSA_P384', '-', 'ec'],
  ] as const;
  for (const [algorithm, length, type] of algorithms) {
    const title = length === '-' ? algorithm : `${algorithm} ${length}`;
    it(`makes ${title} keys that other processes sign with`, async () => {
      const name = `${algorithm}-${length}`.toLowerCase();
      assert.equal(await one('create', HSM, algorithm, name, length, '0', '2', SDDL), MADE);
      const key = await findLabKey(host.prefix.keysFolder, HSM, name);
      assert.equal(key?.privateKey.asymmetricKeyType, type);
      const publicKey = createPublicKey(key?.privateKey ?? '');
      const blob = type === 'rsa' ? 'RSAPUBLICBLOB' : 'ECCPUBLICBLOB';
      assert.equal(await one('export', HSM, name, blob), `0 0 ${publicBlob(publicKey)}`);
      const digests = algorithm === 'ECDSA_P256' ? ['sha256'] : ['sha256', 'sha384', 'sha512'];
      for (const digest of digests) {
        for (const how of type === 'rsa' ? ['pkcs1', 'pss'] : ['plain']) {
          const answer = await one('sign', HSM, name, how, digest.toUpperCase(), hash(digest, DATA, 'hex'));
          const [opened, signed, signature = '', size, checked, spoilt] = answer.split(' ');
          assert.deepEqual([opened, signed, size, checked, spoilt], ['0', '0', 'size-right', '0', '80090006']);
          const padding = how === 'pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
          const options = type === 'rsa' ? { padding } : { dsaEncoding: 'ieee-p1363' as const };
          assert.ok(verify(digest, DATA, { key: publicKey, ...options }, Buffer.from(signature, 'hex')), how);
        }
      }
    });
  }

  it('makes ECDSA signatures that OpenSSL takes, many times over', async () => {
    assert.deepEqual(await keys(['create', SOFTWARE, 'ECDSA_P384', 'many', '-', '0', '2']), [MADE]);
    const key = await findLabKey(host.prefix.keysFolder, SOFTWARE, 'many');
    const publicKey = createPublicKey(key?.privateKey ?? '');
    const texts = Array.from({ length: 60 }, (_, index) => `text ${index}`);
    const answers = await keys(
      ...texts.map((text) => ['sign', SOFTWARE, 'many', 'plain', '-', hash('sha384', text, 'hex')]),
    );
    const signatures = answers.map((answer) => answer.split(' ')[2] ?? '');
    for (const [index, text] of texts.entries()) {
      const signature = Buffer.from(signatures[index] ?? '', 'hex');
      assert.ok(verify('sha384', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature), text);
    }
    assert.equal(new Set(signatures.map((signature) => signature.slice(0, 96))).size, texts.length, 'no r twice');
  });

  it('says what a key is, whatever the case of its name', async () => {
    assert.equal(await one('create', SOFTWARE, 'RSA', 'Described', '2048', '0', '2', SDDL), MADE);
    const properties = 'Algorithm Name=RSA Length=800 Export Policy=0 Key Usage=2 Impl Type=2';
    assert.equal(
      await one('info', SOFTWARE, 'described'),
      `0 Name=Described Unique Name=Described ${properties} No Such Property=!80090029`,
    );
    const key = await findLabKey(host.prefix.keysFolder, SOFTWARE, 'Described');
    assert.equal(key?.exportPolicy, 0);
    assert.equal(key?.keyUsage, 2);
    const first = key?.securityDescriptor ?? Buffer.alloc(0);
    assert.ok(first.length > 20);
    assert.equal(await one('descriptor', SOFTWARE, 'described', 'D:P(A;;GA;;;SY)'), '0 0');
    const changed = await findLabKey(host.prefix.keysFolder, SOFTWARE, 'Described');
    assert.ok((changed?.securityDescriptor.length ?? 0) < first.length);
  });

  it('gives no private key away unless its policy allows it: 0x80090029', async () => {
    const lines = await keys(
      ['create', SOFTWARE, 'RSA', 'closed-rsa', '2048', '0'],
      ['create', SOFTWARE, 'ECDSA_P256', 'closed-ec', '-', '0'],
      ['create', SOFTWARE, 'ECDSA_P256', 'open-ec', '-', '2'],
      ['export', SOFTWARE, 'closed-rsa', 'RSAFULLPRIVATEBLOB'],
      ['export', SOFTWARE, 'closed-rsa', 'RSAPRIVATEBLOB'],
      ['export', SOFTWARE, 'closed-rsa', 'PKCS8_PRIVATEKEY'],
      ['export', SOFTWARE, 'closed-ec', 'ECCPRIVATEBLOB'],
      ['create', HSM, 'ECDSA_P256', 'open-hsm', '-', '2'],
    );
    const refused = '0 80090029 ';
    assert.deepEqual(lines, [MADE, MADE, MADE, refused, refused, refused, refused, '0 0 0 80090029 0 0 0']);
    const blob = (await one('export', SOFTWARE, 'open-ec', 'ECCPRIVATEBLOB')).split(' ')[2] ?? '';
    const { d } = (await findLabKey(host.prefix.keysFolder, SOFTWARE, 'open-ec'))?.privateKey.export({
      format: 'jwk',
    }) ?? { d: '' };
    assert.ok(blob.endsWith(Buffer.from(d ?? '', 'base64url').toString('hex')));
    assert.ok(blob.length > 2 * 96);
  });

  it('refuses a name that is taken: 0x8009000f, also at the same moment, and one that is not there: 0x80090016', async () => {
    const lines = await keys(
      ['create', SOFTWARE, 'ECDSA_P256', 'taken'],
      ['create', SOFTWARE, 'RSA', 'TAKEN'],
      ['create', HSM, 'ECDSA_P256', 'taken'],
      ['info', SOFTWARE, 'absent'],
      ['delete', SOFTWARE, 'taken'],
      ['info', SOFTWARE, 'taken'],
      ['create', SOFTWARE, 'ECDSA_P256', 'taken'],
      // NCRYPT_OVERWRITE_KEY_FLAG with NCRYPT_MACHINE_KEY_FLAG, and a key of the user beside it.
      ['create', SOFTWARE, 'ECDSA_P384', 'taken', '-', '-', '-', '-', '0xa0'],
      ['create', SOFTWARE, 'ECDSA_P384', 'taken', '-', '-', '-', '-', '0'],
    );
    const taken = '0 8009000f';
    assert.deepEqual(lines, [MADE, taken, MADE, '80090016', '0 0 80090026', '80090016', MADE, MADE, MADE]);
    const args = ['create', SOFTWARE, 'RSA', 'race', '2048'];
    const racers = await host.runAll(Array.from({ length: 3 }, () => ({ program: 'key-probe', args, beside: true })));
    const statuses = racers.map(({ stdout }) => stdout.toString().trim().split(' ').at(-1) ?? '').sort();
    assert.deepEqual(statuses, ['0', '8009000f', '8009000f']);
    const races = (await readLabKeys(host.prefix.keysFolder)).filter(({ name }) => name === 'race');
    assert.equal(races.length, 1);
  });

  it('lists the keys of a provider', async () => {
    const made = await keys(
      ['create', PLATFORM, 'RSA', 'one é 漢'],
      ['create', PLATFORM, 'ECDSA_P256', 'two'],
      ['list', PLATFORM],
    );
    assert.deepEqual(made.slice(0, 2), [MADE, MADE]);
    assert.match(made[2] ?? '', /^0 (one .*=RSA two=ECDSA_P256|two=ECDSA_P256 one .*=RSA) 8009002a$/);
    assert.notEqual(await findLabKey(host.prefix.keysFolder, PLATFORM, 'one é 漢'), null);
  });

  it('has the limits of a TPM, 0x80090027 and 0x80090029, and a card that is not there: 0x80090016', async () => {
    const lines = await keys(
      ['create', PLATFORM, 'ECDSA_P384', 'limit'],
      ['create', PLATFORM, 'RSA', 'limit', '3072'],
      ['create', SOFTWARE, 'RSA', 'limit', '1024'],
      ['create', SOFTWARE, 'RSA', 'limit-above', '8192'],
      ['create', SOFTWARE, 'DSA', 'limit'],
      ['create', SMART_CARD, 'RSA', 'limit'],
      ['info', SMART_CARD, 'limit'],
    );
    assert.deepEqual(lines, [
      '0 80090029',
      '0 0 80090027 0 0 0 0',
      '0 0 80090029 0 0 0 0',
      '0 0 80090029 0 0 0 0',
      '0 80090029',
      '0 80090016',
      '80090016',
    ]);
    const env = { EVERBIND_LAB_KEYS: '' };
    const unplugged = [
      ['create', HSM, 'RSA', 'unplugged'],
      ['info', HSM, 'unplugged'],
    ];
    assert.deepEqual(await host.probe('key-probe', unplugged, env), ['0 80090030', '80090030']);
  });

  it('has devices that go away and come back, with the status that they are told', async () => {
    const digest = hash('sha256', DATA, 'hex');
    const { keysFolder } = host.prefix;
    assert.equal(await one('create', PLATFORM, 'ECDSA_P256', 'away', '-', '0', '2'), MADE);
    for (const status of [0x80090016, 0x80090030]) {
      await setLabDevice(keysFolder, PLATFORM, { away: status });
      const lines = await keys(
        ['info', PLATFORM, 'away'],
        ['sign', PLATFORM, 'away', 'plain', '-', digest],
        ['delete', PLATFORM, 'away'],
        ['create', PLATFORM, 'ECDSA_P256', 'other'],
      );
      const refused = status.toString(16);
      assert.deepEqual(lines, [refused, refused, refused, `0 ${refused}`]);
    }
    await setLabDevice(keysFolder, PLATFORM, null);
    assert.match(await one('sign', PLATFORM, 'away', 'plain', '-', digest), /^0 0 [0-9a-f]{128} /);
  });

  it('has a TPM that does not sign with RSA-PSS, or with a salt as long as the hash alone', async () => {
    const digest = hash('sha256', DATA, 'hex');
    const { keysFolder } = host.prefix;
    assert.equal(await one('create', PLATFORM, 'RSA', 'pss', '2048', '0', '2'), MADE);
    const sign = (...how: readonly string[]): readonly string[] => ['sign', PLATFORM, 'pss', ...how];
    const all = [
      sign('pkcs1', 'SHA256', digest),
      sign('pss', 'SHA256', digest, '32'),
      sign('pss', 'SHA256', digest, '222'),
    ];
    const statuses = async (): Promise<readonly string[]> =>
      (await keys(...all)).map((line) => line.split(' ')[1] ?? '');
    assert.deepEqual(await statuses(), ['0', '80090029', '80090029']);
    await setLabDevice(keysFolder, PLATFORM, { pss: 0x80280092 });
    assert.deepEqual(await statuses(), ['0', '80280092', '80280092']);
    await setLabDevice(keysFolder, PLATFORM, { 'pss-salt': 0x40290423 });
    assert.deepEqual(await statuses(), ['0', '0', '40290423']);
    await setLabDevice(keysFolder, PLATFORM, null);
  });

  it('signs with keys for signing alone, by their own padding, and does nothing else', async () => {
    const digest = hash('sha256', DATA, 'hex');
    const lines = await keys(
      ['create', SOFTWARE, 'RSA', 'no-signing', '2048', '0', '1'],
      ['sign', SOFTWARE, 'no-signing', 'pkcs1', 'SHA256', digest],
      ['create', SOFTWARE, 'RSA', 'padded', '2048', '0', '2'],
      ['sign', SOFTWARE, 'padded', 'plain', 'SHA256', digest],
      ['create', SOFTWARE, 'ECDSA_P256', 'plain', '-', '0', '2'],
      ['sign', SOFTWARE, 'plain', 'pkcs1', 'SHA256', digest],
      ['refused', SOFTWARE, 'padded'],
    );
    assert.deepEqual(lines, [MADE, '0 80090010 ', MADE, '0 80090009 ', MADE, '0 80090009 ', '0 80090029']);
  });

  it('fails as it is told, and says which handles were left open', async () => {
    await host.calls();
    const digest = hash('sha256', DATA, 'hex');
    const commands = [
      ['create', SOFTWARE, 'ECDSA_P256', 'fault'],
      ['sign', SOFTWARE, 'fault', 'plain', '-', digest],
      ['sign', SOFTWARE, 'fault', 'plain', '-', digest],
      ['delete', SOFTWARE, 'fault'],
      ['info', SOFTWARE, 'fault'],
      ['leave-open', SOFTWARE],
    ];
    const faults = 'NCryptSignHash:1:0x80090030,NCryptDeleteKey:after:1:0x80090020';
    const [made, first, second = '', deleted, gone, left] = await host.probe('key-probe', commands, {
      EVERBIND_LAB_FAULTS: faults,
    });
    assert.deepEqual([made, first, deleted, gone, left], [MADE, '0 80090030 ', '0 80090020 80090026', '80090016', '0']);
    assert.match(second, /^0 0 [0-9a-f]{128} size-right 0 80090006$/);
    const calls = (await host.calls()).map(([, ...fields]) => fields.join(' '));
    assert.ok(calls.includes(`NCryptSignHash 0x80090030 fault ${SOFTWARE}\\fault`));
    assert.ok(calls.includes(`NCryptDeleteKey 0x80090020 fault-after ${SOFTWARE}\\fault`));
    assert.equal(calls.at(-1), 'handles-left-open 0x00000001 done ncrypt');
  });
});

// BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB, hexadecimal.
function publicBlob(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const part = (value: string | undefined): Buffer => Buffer.from(value ?? '', 'base64url');
  const header = (magic: string, ...numbers: readonly number[]): Buffer => {
    const octets = Buffer.alloc(4 + 4 * numbers.length);
    octets.write(magic, 'latin1');
    for (const [index, number] of numbers.entries()) octets.writeUInt32LE(number, 4 + 4 * index);
    return octets;
  };
  if (jwk.kty === 'RSA') {
    const [e, n] = [part(jwk.e), part(jwk.n)];
    const blob = header('RSA1', n.length * 8, e.length, n.length, 0, 0);
    return Buffer.concat([blob, e, n]).toString('hex');
  }
  const [x, y] = [part(jwk.x), part(jwk.y)];
  return Buffer.concat([header(x.length === 32 ? 'ECS1' : 'ECS3', x.length), x, y]).toString('hex');
}
