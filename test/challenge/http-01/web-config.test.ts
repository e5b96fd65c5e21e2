import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readWebConfig, renderWebConfig, WEB_CONFIG_FORMS } from '../../../src/challenge/http-01/web-config.ts';
import { elementsAt, readXml } from '../../../src/iis/config/application-host-xml.ts';

test('what was written is read back', () => {
  for (const form of WEB_CONFIG_FORMS) {
    assert.deepEqual(readWebConfig(renderWebConfig(form)), { kind: 'ours', form });
  }
});

test('one that an earlier version wrote, with the folders that it had made, is ours', () => {
  const body = [
    '<configuration>',
    '  <system.webServer>',
    '    <staticContent>',
    '      <remove fileExtension="." />',
    '      <mimeMap fileExtension="." mimeType="text/plain" />',
    '    </staticContent>',
    '  </system.webServer>',
    '</configuration>\n',
  ].join('\n');
  const sum = createHash('sha256').update(`form=plain folders=acme-challenge,.well-known\n${body}`).digest('hex');
  const made = 'Made by Everbind for the time of an ACME challenge; it removes this file itself.';
  const line = `<!-- ${made} form=plain folders=acme-challenge,.well-known sha256=${sum} -->`;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${line}\n${body}`;
  assert.deepEqual(readWebConfig(Buffer.from(text)), { kind: 'ours', form: 'plain' });
  assert.equal(readWebConfig(Buffer.from(text.replace('folders=acme-challenge,', 'folders='))).kind, 'foreign');
});

test('each beginning of one of ours is torn, never foreign and never ours', () => {
  for (const form of WEB_CONFIG_FORMS) {
    const octets = renderWebConfig(form);
    for (let length = 0; length < octets.length; length += 1) {
      assert.equal(readWebConfig(octets.subarray(0, length)).kind, 'torn', `${form}, ${length} octets`);
    }
  }
});

test('one of ours that somebody edited is foreign', () => {
  const text = Buffer.from(renderWebConfig('plain')).toString('utf8');
  assert.equal(readWebConfig(Buffer.from(text.replace('text/plain', 'text/html'))).kind, 'foreign');
  assert.equal(readWebConfig(Buffer.from(text.replace('form=plain', 'form=rewrite'))).kind, 'foreign');
});

test('other files are foreign', () => {
  const win = '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.webServer /></configuration>\n';
  assert.equal(readWebConfig(Buffer.from(win)).kind, 'foreign');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (octets) => {
      fc.pre(octets[0] !== '<'.charCodeAt(0));
      assert.equal(readWebConfig(octets).kind, 'foreign');
    }),
  );
});

test('each form is well-formed, maps the missing extension once and says only what its name promises', () => {
  for (const form of WEB_CONFIG_FORMS) {
    const root = readXml(renderWebConfig(form));
    const [content] = elementsAt(root, 'system.webServer', 'staticContent');
    assert.deepEqual(
      content?.children.map(({ name, attributes }) => [name, attributes['fileExtension'], attributes['mimeType']]),
      [
        ['remove', '.', undefined],
        ['mimeMap', '.', 'text/plain'],
      ],
    );
    const has = (...path: string[]): boolean => elementsAt(root, ...path).length > 0;
    assert.equal(has('system.webServer', 'handlers'), form.includes('handlers'), form);
    assert.equal(has('system.webServer', 'rewrite'), form.includes('rewrite'), form);
    assert.equal(has('system.webServer', 'httpRedirect'), form !== 'plain', form);
  }
});
