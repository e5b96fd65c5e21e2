import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { IIS_APP_ID } from '../../../src/iis/records/ssl-record.ts';
import type { BindingPlan } from '../../../src/iis/plan/types.ts';
import { changes, endpoints, FOREIGN_APP_ID, NEW, notes, OLD, OTHER, plan, record, site, THEIRS } from '../fixtures.ts';

const sni = 'https *:443:shop.example 1';

test('rule previous: a record with the earlier certificate is renewed in any site, declared or not, started or stopped', () => {
  const result = plan({
    names: ['shop.example', 'old.example'],
    sites: [site('Shop', [sni]), site('Old', ['https *:443:old.example 1'], { state: 'Stopped' })],
    records: [record('shop.example:443', OLD), record('old.example:443', OLD.toUpperCase())],
    policy: { sites: ['Elsewhere', 'Shop'] },
  });
  deepEqual(changes(result), ['previous old.example:443', 'previous shop.example:443']);
  deepEqual(notes(result.skipped), []);
});

test('rule previous: an older certificate of the same managed certificate counts too', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni])],
    records: [record('shop.example:443', THEIRS)],
    policy: { ownThumbprints: new Map([[THEIRS, 'shop']]) },
  });
  deepEqual(changes(result), ['previous shop.example:443']);
});

test('rule previous: a record whose host the new certificate lacks stays', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Gone', ['https *:443:gone.example 1'])],
    records: [record('gone.example:443', OLD)],
  });
  deepEqual(changes(result), []);
  deepEqual(notes(result.skipped), ['name-mismatch gone.example:443']);
});

test('rule previous: a wildcard binding goes on with a certificate that names only some of its hosts, and the plan says so', () => {
  const result = plan({
    names: ['a.example.com'],
    sites: [site('Tenants', ['https *:443:*.example.com 1'])],
    records: [record('*.example.com:443', OLD)],
  });
  deepEqual(changes(result), ['previous *.example.com:443']);
  deepEqual(notes(result.findings), ['shared-name-mismatch *.example.com:443']);
  deepEqual(endpoints(result), ['*:443 everbind-probe.example.com - -']);
});

test('rule previous: an orphan record is renewed, but not probed', () => {
  const result = plan({
    names: ['shop.example'],
    records: [record('shop.example:443', OLD), record('other.example:443', OLD), record('10.0.0.9:8443', OLD)],
  });
  deepEqual(changes(result), ['previous 10.0.0.9:8443', 'previous shop.example:443']);
  deepEqual(notes(result.skipped), ['name-mismatch other.example:443']);
  deepEqual(endpoints(result), ['10.0.0.9:8443 - - no-site', '*:443 shop.example shop.example no-site']);
});

test('rule previous: the catch-all record of an address is renewed and every site behind it named', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [
      site('Default', ['https *:443:']),
      site('Blog', ['https *:443:blog.example 0']),
      site('Stopped', ['https *:443:'], { state: 'Stopped' }),
      site('Unrelated', ['https 10.0.0.1:443:']),
    ],
    records: [record('0.0.0.0:443', OLD)],
  });
  deepEqual(changes(result), ['previous 0.0.0.0:443']);
  deepEqual(result.changes[0]?.sites, ['Blog', 'Default', 'Stopped']);
  match(result.changes[0]?.reason ?? '', /Blog, Default, Stopped share this record/);
  deepEqual(notes(result.findings), ['shared-name-mismatch 0.0.0.0:443']);
  deepEqual(endpoints(result), ['*:443 - - -', '*:443 blog.example - -']);
});

test('rule previous: the IPv6 wildcard record serves bindings to every address', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Default', ['https *:443:'])],
    records: [record('0.0.0.0:443', OLD), record('[::]:443', OLD)],
  });
  deepEqual(changes(result), ['previous 0.0.0.0:443', 'previous [::]:443']);
  deepEqual(result.changes[1]?.sites, ['Default']);
  deepEqual(endpoints(result), ['*:443 - - -', ':::443 - - -']);
});

test('every field but hash and store is kept, unknown flag bits too', () => {
  const before = record('shop.example:443', OLD, {
    certificateStore: null,
    certCheckMode: 0x10001,
    revocationFreshnessTime: 7,
    revocationUrlRetrievalTimeout: 9,
    ctlIdentifier: 'id',
    ctlStoreName: 'CTL',
    flags: 0x40000442,
  });
  const { changes: list } = plan({ names: ['shop.example'], sites: [site('Shop', [sni])], records: [before] });
  deepEqual(list[0]?.after, { ...before, certificateHash: NEW, certificateStore: 'WebHosting' });
  const inMy = plan({ names: ['shop.example'], sites: [site('Shop', [sni])], records: [before], store: 'MY' });
  deepEqual(inMy.changes[0]?.after, { ...before, certificateHash: NEW });
});

test('rule foreign-app-id: a record of another application stays, even with our certificate in it', () => {
  const records = [record('shop.example:443', OLD, { appId: FOREIGN_APP_ID })];
  const sites = [site('Shop', [sni])];
  const result = plan({ names: ['shop.example'], sites, records, policy: { sites: ['Shop'], adopt: true } });
  deepEqual(changes(result), []);
  deepEqual(notes(result.skipped), ['foreign-app-id shop.example:443']);
  const listed = plan({
    names: ['shop.example'],
    sites,
    records,
    policy: { adoptForeignAppIds: [FOREIGN_APP_ID.toUpperCase()] },
  });
  deepEqual(changes(listed), ['previous shop.example:443']);
  equal(listed.changes[0]?.after.appId, FOREIGN_APP_ID);
});

test('rule managed-by-other: a record with another managed certificate stays, adopt or not', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni])],
    records: [record('shop.example:443', OTHER)],
    policy: { sites: ['Shop'], adopt: true },
  });
  deepEqual(changes(result), []);
  deepEqual(notes(result.skipped), ['managed-by-other shop.example:443']);
  match(result.skipped[0]?.reason ?? '', /other/);
});

test('rule adopted: a certificate that Everbind did not install is replaced only in a declared site, with adopt', () => {
  const scenario = {
    names: ['shop.example'],
    sites: [site('Shop', [sni], { id: 3 })],
    records: [record('shop.example:443', THEIRS)],
  };
  deepEqual(changes(plan({ ...scenario, policy: { sites: ['sHOP'], adopt: true } })), ['adopted shop.example:443']);
  deepEqual(changes(plan({ ...scenario, policy: { sites: ['id:3'], adopt: true } })), ['adopted shop.example:443']);
  deepEqual(changes(plan({ ...scenario, policy: { sites: null, adopt: true } })), ['adopted shop.example:443']);
  const off = plan({ ...scenario, policy: { sites: ['Shop'] } });
  deepEqual([changes(off), notes(off.skipped)], [[], ['not-adopted shop.example:443']]);
  const elsewhere = plan({ ...scenario, policy: { sites: [], adopt: true } });
  deepEqual([changes(elsewhere), notes(elsewhere.skipped)], [[], ['not-declared shop.example:443']]);
});

test('rule adopted: a wildcard certificate is for hosts of exactly one more label', () => {
  const result = plan({
    names: ['*.example.com'],
    sites: [
      site('One', ['https *:443:a.example.com 1', 'https *:443:a.b.example.com 1', 'https *:443:example.com 1']),
      site('Wild', ['https *:443:*.example.com 1']),
    ],
    records: ['a.example.com', 'a.b.example.com', 'example.com', '*.example.com'].map((host) =>
      record(`${host}:443`, THEIRS),
    ),
    policy: { sites: ['One', 'Wild'], adopt: true },
  });
  deepEqual(changes(result), ['adopted *.example.com:443', 'adopted a.example.com:443']);
  deepEqual(notes(result.skipped), ['name-mismatch a.b.example.com:443', 'name-mismatch example.com:443']);
});

test('rule partial-fit: a wildcard binding is not adopted for one of its hosts', () => {
  const result = plan({
    names: ['a.example.com'],
    sites: [site('Wild', ['https *:443:*.example.com 1'])],
    records: [record('*.example.com:443', THEIRS)],
    policy: { adopt: true },
  });
  deepEqual([changes(result), notes(result.skipped)], [[], ['partial-fit *.example.com:443']]);
});

test('rule name-mismatch: a binding of a declared site that the certificate does not fit stays', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni, 'https *:443:blog.example 1'])],
    records: [record('shop.example:443', OLD), record('blog.example:443', THEIRS)],
    policy: { sites: ['Shop'], adopt: true },
  });
  deepEqual(notes(result.skipped), ['name-mismatch blog.example:443']);
});

test('a site that is not declared and does not fit is no matter of this certificate', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni]), site('Blog', ['https *:443:blog.example 1', 'https *:8443:', 'net.tcp 808:*'])],
    records: [record('shop.example:443', OLD), record('blog.example:443', THEIRS), record('0.0.0.0:8443', THEIRS)],
    policy: { adopt: true },
  });
  deepEqual([notes(result.skipped), notes(result.findings)], [[], []]);
});

test('rule adopted: a catch-all only where its site is named', () => {
  const scenario = {
    names: ['shop.example'],
    sites: [site('Default', ['https *:443:'])],
    records: [record('0.0.0.0:443', THEIRS)],
  };
  const everywhere = plan({ ...scenario, policy: { sites: null, adopt: true } });
  deepEqual(changes(everywhere), []);
  deepEqual(notes(everywhere.findings), ['name-without-binding shop.example']);
  match(everywhere.findings[0]?.reason ?? '', /Default/);
  const named = plan({ ...scenario, policy: { sites: ['Default'], adopt: true } });
  deepEqual(changes(named), ['adopted 0.0.0.0:443']);
  deepEqual(notes(named.findings), ['catch-all-adopted 0.0.0.0:443']);
});

test('rule shared-record: a stopped site with the very same host does not keep the live one from its certificate', () => {
  const scenario = {
    names: ['www.shop.example', '192.0.2.7'],
    records: [record('www.shop.example:443', THEIRS), record('0.0.0.0:8443', THEIRS)],
    policy: { adopt: true, sites: ['New'] },
  };
  const bindings = ['https *:443:WWW.shop.example. 1', 'https *:8443: 0'];
  const live = site('New', ['https *:443:www.shop.example 1', 'https *:8443: 0']);
  const stopped = plan({ ...scenario, sites: [site('Old', bindings, { state: 'Stopped' }), live] });
  deepEqual(changes(stopped), ['adopted 0.0.0.0:8443', 'adopted www.shop.example:443']);
  deepEqual(notes(stopped.skipped), []);
  for (const state of ['Started', 'Unknown'] as const) {
    const running = plan({ ...scenario, sites: [site('Old', bindings, { state }), live] });
    deepEqual(changes(running), []);
    deepEqual(notes(running.skipped), ['shared-record 0.0.0.0:8443', 'shared-record www.shop.example:443']);
  }
});

test('rule shared-record: a stopped site with another host behind the record counts, and so does a twin of a stopped site', () => {
  const scenario = { names: ['shop.example'], policy: { adopt: true, sites: ['New'] } };
  const otherHost = plan({
    ...scenario,
    sites: [
      site('Old', ['https 10.0.0.1:443:old.example 0'], { state: 'Stopped' }),
      site('New', ['https 10.0.0.1:443:shop.example 0']),
    ],
    records: [record('10.0.0.1:443', THEIRS)],
  });
  deepEqual(notes(otherHost.skipped), ['shared-record 10.0.0.1:443']);
  const bothStopped = plan({
    ...scenario,
    sites: [site('Old', [sni], { state: 'Stopped' }), site('New', [sni], { state: 'Stopped' })],
    records: [record('shop.example:443', THEIRS)],
  });
  deepEqual(notes(bothStopped.skipped), ['shared-record shop.example:443']);
});

test('a declared binding that visitors get another certificate at is marked, and no other', () => {
  const marked = (result: BindingPlan): readonly string[] =>
    notes(result.skipped.filter(({ otherCertificate }) => otherCertificate === true));
  const scenario = {
    names: ['shop.example', 'old.example'],
    records: [record('shop.example:443', OLD), record('old.example:443', THEIRS)],
  };
  const bindings = [sni, 'https *:443:old.example 1'];
  deepEqual(marked(plan({ ...scenario, sites: [site('Shop', bindings)] })), ['not-adopted old.example:443']);
  deepEqual(marked(plan({ ...scenario, sites: [site('Shop', bindings, { state: 'Stopped' })] })), []);
  deepEqual(marked(plan({ ...scenario, sites: [site('Shop', bindings)], policy: { sites: ['Other'] } })), []);
  // Everbind renews that one, too.
  const others = [record('shop.example:443', OLD), record('old.example:443', OTHER)];
  deepEqual(marked(plan({ ...scenario, records: others, sites: [site('Shop', bindings)] })), []);
  const foreign = [record('old.example:443', THEIRS, { appId: FOREIGN_APP_ID })];
  deepEqual(marked(plan({ ...scenario, records: foreign, sites: [site('Shop', bindings)] })), [
    'foreign-app-id old.example:443',
    'no-record shop.example:443',
  ]);
});

test('rule shared-record: a record is not adopted over the head of a site that this certificate does not claim', () => {
  const shared = {
    names: ['north.example'],
    sites: [site('North', ['https 10.0.0.1:443:north.example']), site('South', ['https 10.0.0.1:443:south.example'])],
    records: [record('10.0.0.1:443', THEIRS)],
  };
  const one = plan({ ...shared, policy: { sites: ['North'], adopt: true } });
  deepEqual([changes(one), notes(one.skipped)], [[], ['shared-record 10.0.0.1:443']]);
  match(one.skipped[0]?.reason ?? '', /South/);
  const named = plan({ ...shared, policy: { sites: ['North', 'South'], adopt: true } });
  deepEqual(notes(named.skipped), ['shared-record 10.0.0.1:443']);
  const both = plan({ ...shared, names: ['north.example', 'south.example'], policy: { sites: null, adopt: true } });
  deepEqual(changes(both), ['adopted 10.0.0.1:443']);
  deepEqual(both.changes[0]?.sites, ['North', 'South']);
  deepEqual(endpoints(both), [
    '10.0.0.1:443 north.example north.example -',
    '10.0.0.1:443 south.example south.example -',
  ]);
});

test('IP identifiers fit a binding to that address; one to every address only when its site is named', () => {
  const names = ['192.0.2.7', '2001:db8::7'];
  const result = plan({
    names,
    sites: [site('A', ['https 192.0.2.7:443:', 'https [2001:DB8:0::7]:443:', 'https 192.0.2.8:443:'])],
    records: ['192.0.2.7:443', '[2001:db8::7]:443', '192.0.2.8:443'].map((text) => record(text, THEIRS)),
    policy: { sites: null, adopt: true },
  });
  deepEqual(changes(result), ['adopted 192.0.2.7:443', 'adopted [2001:db8::7]:443']);
  deepEqual(notes(result.findings), []);
  const wildcard = { names, sites: [site('B', ['https *:443:'])], records: [record('0.0.0.0:443', THEIRS)] };
  deepEqual(changes(plan({ ...wildcard, policy: { sites: null, adopt: true } })), []);
  deepEqual(changes(plan({ ...wildcard, policy: { sites: ['B'], adopt: true } })), ['adopted 0.0.0.0:443']);
});

test('rule created: a missing record of an adopted binding is made, with the flags of the binding', () => {
  const result = plan({
    names: ['shop.example', '10.0.0.5'],
    sites: [site('Shop', ['https 10.0.0.9:443:shop.example 97', 'https 10.0.0.5:8443: 4', 'https [::1]:443: 0'])],
    policy: { sites: ['Shop'], adopt: true },
  });
  deepEqual(changes(result), ['created 10.0.0.5:8443', 'created [::1]:443', 'created shop.example:443']);
  const made = result.changes.map(({ before, after }) => [before, after.flags, after.appId, after.certificateHash]);
  deepEqual(made, [
    [null, 0x10, IIS_APP_ID, NEW],
    [null, 0, IIS_APP_ID, NEW],
    [null, 0x440, IIS_APP_ID, NEW],
  ]);
  deepEqual(result.changes[2]?.key, { kind: 'hostnameport', host: 'shop.example', port: 443 });
});

test('rule created: bits that we do not know are said, not guessed', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', ['https *:443:shop.example 257'])],
    policy: { adopt: true },
  });
  deepEqual(notes(result.findings), ['ssl-flags-unknown shop.example:443']);
});

test('rule no-record: without adopt a missing record is said, not made', () => {
  const result = plan({ names: ['shop.example'], sites: [site('Shop', [sni])] });
  deepEqual([changes(result), notes(result.skipped)], [[], ['no-record shop.example:443']]);
});

test('an SNI binding is found by host and port, its address does not matter', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', ['https 10.0.0.5:443:SHOP.example 1'])],
    records: [record('shop.EXAMPLE:443', OLD), record('10.0.0.5:443', OLD, { certificateStore: 'MY' })],
  });
  deepEqual(changes(result), ['previous 10.0.0.5:443', 'previous shop.EXAMPLE:443']);
  deepEqual(result.changes[1]?.sites, ['Shop']);
  deepEqual(result.changes[0]?.sites, []);
  ok(endpoints(result).includes('10.0.0.5:443 shop.example shop.example -'));
});

test('a link-local binding is found with and without its zone', () => {
  const sites = [site('Local', ['https [fe80::1%4]:443:'])];
  for (const written of ['fe80::1', 'fe80::1%4']) {
    const key = { kind: 'ipport', address: written, port: 443 } as const;
    const result = plan({ names: ['shop.example'], sites, records: [{ ...record('x:1', OLD), key }] });
    deepEqual(result.changes[0]?.sites, ['Local']);
    deepEqual(endpoints(result), ['fe80::1%4:443 - - -']);
  }
});

test('flags are bits: 5, 33 and 97 are SNI, 4 and 32 are not', () => {
  const bindings = ['5', '33', '97', '4', '32'].map((flags) => `https *:${400 + Number(flags)}:shop.example ${flags}`);
  const result = plan({ names: ['shop.example'], sites: [site('Shop', bindings)], policy: { adopt: true } });
  deepEqual(changes(result).toSorted(), [
    'created 0.0.0.0:404',
    'created 0.0.0.0:432',
    'created shop.example:405',
    'created shop.example:433',
    'created shop.example:497',
  ]);
});

test('no change when the record is right already; it is probed all the same', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni])],
    records: [record('shop.example:443', NEW.toUpperCase(), { certificateStore: 'webhosting', flags: 4 })],
  });
  deepEqual([changes(result), notes(result.skipped), notes(result.findings)], [[], [], []]);
  deepEqual(endpoints(result), ['*:443 shop.example shop.example -']);
  const inMy = { names: ['shop.example'], sites: [site('Shop', [sni])], store: 'MY' as const };
  deepEqual(changes(plan({ ...inMy, records: [record('shop.example:443', NEW, { certificateStore: null })] })), []);
});

test('rule store: the right certificate looked for in the wrong store', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni])],
    records: [record('shop.example:443', NEW, { certificateStore: 'MY' })],
  });
  deepEqual(changes(result), ['store shop.example:443']);
  equal(result.changes[0]?.after.certificateStore, 'WebHosting');
});

test('rule central-store: recognised by its bit, whatever the others, and skipped', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', ['https *:443:shop.example 3', 'https *:8443: 6', 'https *:443:x.example 2'])],
    records: [
      record('0.0.0.0:443', OLD),
      { ...record('0.0.0.0:443', null), key: { kind: 'ccs', port: 443 } },
      { ...record('0.0.0.0:443', null), key: { kind: 'scopedccs', host: 'shop.example', port: 443 } },
    ],
    policy: { sites: ['Shop'], adopt: true },
  });
  deepEqual(changes(result), ['previous 0.0.0.0:443']);
  deepEqual(notes(result.skipped), [
    'central-store https/*:443:shop.example of Shop',
    'central-store https/*:443:x.example of Shop',
    'central-store https/*:8443: of Shop',
  ]);
});

test('hosts in Unicode and in A-labels are the same host', () => {
  const result = plan({
    names: ['bücher.example', '*.müller.example'],
    sites: [site('Bücher', ['https *:443:Bücher.example 1', 'https *:443:www.MÜLLER.example 1'])],
    records: [record('bücher.example:443', OLD), record('www.xn--mller-kva.example:443', OLD)],
  });
  deepEqual(changes(result), ['previous bücher.example:443', 'previous www.xn--mller-kva.example:443']);
  deepEqual(endpoints(result), [
    '*:443 xn--bcher-kva.example xn--bcher-kva.example -',
    '*:443 www.xn--mller-kva.example www.xn--mller-kva.example -',
  ]);
});

test('finding ip-record-beside-sni: a record of one address may win over SNI', () => {
  const scenario = {
    names: ['shop.example'],
    records: [record('shop.example:443', OLD), record('10.0.0.5:443', THEIRS), record('10.0.0.6:444', THEIRS)],
  };
  const anywhere = plan({ ...scenario, sites: [site('Shop', [sni])] });
  deepEqual(notes(anywhere.findings), ['ip-record-beside-sni shop.example:443']);
  match(anywhere.findings[0]?.reason ?? '', /10\.0\.0\.5:443/);
  deepEqual(rivals(anywhere), ['*:443 shop.example', '10.0.0.5:443 shop.example 10.0.0.5:443 advisory']);
  const apart = plan({ ...scenario, sites: [site('Shop', ['https 10.0.0.9:443:shop.example 1'])] });
  deepEqual(notes(apart.findings), []);
  deepEqual(rivals(apart), ['10.0.0.9:443 shop.example']);
  const same = plan({ ...scenario, sites: [site('Shop', ['https 10.0.0.5:443:shop.example 1'])] });
  deepEqual(rivals(same), ['10.0.0.5:443 shop.example 10.0.0.5:443'], 'a binding names the address: it counts');
  const stopped = plan({ ...scenario, sites: [site('Shop', [sni], { state: 'Stopped' })] });
  deepEqual(endpoints(stopped), [
    '*:443 shop.example shop.example site-stopped',
    '10.0.0.5:443 shop.example shop.example site-stopped',
  ]);
});

test('finding shadowed-by-host-record: a record of the host wins over that of the address', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', ['https *:443:shop.example 0'])],
    records: [record('0.0.0.0:443', OLD), record('shop.example:443', THEIRS)],
  });
  deepEqual(notes(result.findings), ['shadowed-by-host-record https/*:443:shop.example of Shop']);
  deepEqual(endpoints(result), ['*:443 - - -']);
});

test('finding name-without-binding: an ordered name that no https binding is for', () => {
  const result = plan({
    names: ['shop.example', 'api.example', '*.wild.example', '192.0.2.1'],
    sites: [site('Shop', [sni, 'http *:80:api.example', 'https *:443:a.wild.example 1'])],
    records: [record('shop.example:443', OLD)],
  });
  deepEqual(notes(result.findings), ['name-without-binding 192.0.2.1', 'name-without-binding api.example']);
});

test('finding name-without-binding: another site has a wildcard for the name, and keeps its certificate', () => {
  const tenants = site('Tenants', ['https *:443:*.example.com 1']);
  const scenario = {
    names: ['shop.example.com'],
    sites: [tenants, site('Shop', ['http *:80:shop.example.com'])],
    records: [record('*.example.com:443', THEIRS)],
    policy: { sites: ['Shop'], adopt: true },
  };
  const elsewhere = plan(scenario);
  deepEqual([changes(elsewhere), notes(elsewhere.skipped)], [[], []]);
  deepEqual(notes(elsewhere.findings), ['name-without-binding shop.example.com']);
  match(elsewhere.findings[0]?.reason ?? '', /no https binding of the declared sites.*\*\.example\.com of Tenants$/);
  // Where that record holds an earlier certificate of ours, the name is served by it.
  const ours = plan({ ...scenario, records: [record('*.example.com:443', OLD)] });
  deepEqual(
    [changes(ours), notes(ours.findings)],
    [['previous *.example.com:443'], ['shared-name-mismatch *.example.com:443']],
  );
  // The very host in another site is skipped as not declared, which says enough.
  const exact = plan({ ...scenario, sites: [site('Tenants', ['https *:443:shop.example.com 1'])], records: [] });
  deepEqual(
    [notes(exact.skipped), notes(exact.findings)],
    [['not-declared shop.example.com:443'], ['site-not-found site Shop']],
  );
});

test('finding name-without-binding: another site has the name in the central store, or behind a catch-all', () => {
  const policy = { sites: ['Shop'], adopt: true };
  const shop = site('Shop', ['http *:80:shop.example.com']);
  for (const binding of ['https *:443:shop.example.com 3', 'https *:443: 0']) {
    const sites = [shop, site('Other', [binding])];
    const result = plan({ names: ['shop.example.com'], sites, records: [], policy });
    deepEqual(notes(result.findings), ['name-without-binding shop.example.com'], binding);
    match(result.findings[0]?.reason ?? '', /Other/, binding);
  }
});

test('a catch-all that serves the certificate serves every name', () => {
  const result = plan({
    names: ['shop.example', 'api.example'],
    sites: [site('Default', ['https *:443:'])],
    records: [record('0.0.0.0:443', OLD)],
  });
  deepEqual(notes(result.findings), []);
});

test('finding site-not-found', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [site('Shop', [sni], { id: 3 })],
    records: [record('shop.example:443', OLD)],
    policy: { sites: ['Shop', 'id:3', 'id:4', 'Nowhere'] },
  });
  deepEqual(notes(result.findings), ['site-not-found site Nowhere', 'site-not-found site id:4']);
});

test('other protocols and unreadable bindings of a declared site are named with the reason', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [
      site('Shop', [
        'http *:80:shop.example',
        'ftp *:21:',
        'net.tcp 808:*',
        'https :[PORT]:shop.example',
        'https *:443:shop.example x',
        'https *:443: 1',
      ]),
    ],
    policy: { sites: ['Shop'], adopt: true },
  });
  deepEqual(notes(result.skipped), [
    'binding-unreadable https/:[PORT]:shop.example of Shop',
    'ftp-not-handled ftp/*:21: of Shop',
    'protocol-not-handled net.tcp/808:* of Shop',
    'sni-without-host https/*:443: of Shop',
    'ssl-flags-unreadable https/*:443:shop.example of Shop',
  ]);
});

test('rule ftp-not-handled: FTP settings with an earlier certificate are reported, wherever they are', () => {
  const result = plan({
    names: ['shop.example'],
    sites: [
      site('Files', ['ftp *:21:'], { ftp: { certificateHash: OLD, certificateStore: 'MY' } }),
      site('More', ['ftp *:22:'], { ftp: { certificateHash: THEIRS, certificateStore: 'MY' } }),
    ],
    ftpDefaults: { certificateHash: OLD, certificateStore: 'MY' },
  });
  deepEqual(notes(result.skipped), [
    'ftp-not-handled FTP setting of Files',
    'ftp-not-handled FTP setting of siteDefaults',
  ]);
});

test('endpoints: a stopped site is not probed, one that shares the endpoint with a started one is', () => {
  const result = plan({
    names: ['shop.example', 'a.example'],
    sites: [
      site('Shop', [sni]),
      site('Copy', [sni], { state: 'Stopped' }),
      site('Rest', ['https *:443:a.example 1', 'https 10.0.0.1:443:a.example 1'], { state: 'Stopped' }),
    ],
    records: [record('shop.example:443', OLD), record('a.example:443', OLD)],
  });
  deepEqual(endpoints(result), [
    '*:443 a.example a.example site-stopped',
    '10.0.0.1:443 a.example a.example site-stopped',
    '*:443 shop.example shop.example -',
  ]);
  deepEqual(result.endpoints.at(-1)?.sites, ['Copy', 'Shop']);
  equal(result.endpoints[0]?.hashBefore, OLD);
});

/** `address:port host rival advisory` of every endpoint. */
function rivals(result: BindingPlan): readonly string[] {
  return result.endpoints.map(({ address, port, host, rival, advisory }) =>
    [`${address}:${port}`, host, rival?.record ?? '', advisory ? 'advisory' : '']
      .filter((word) => word !== '')
      .join(' '),
  );
}
