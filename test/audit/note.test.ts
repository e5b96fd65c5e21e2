import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openCheckpoint, signCheckpoint } from '../../src/audit/checkpoint.ts';
import { keyHash, openNote, parseVerifier, signNote, verifierText } from '../../src/audit/note.ts';
import { signerNumber, verifierOf } from './support.ts';

const signer = signerNumber(1);
const verifier = verifierOf(signer);
const root = Buffer.alloc(32, 5);

function code(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a signed note', () => {
  it('gives back any text that ends in a newline', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '—', '\u2028', '😀', '\u0085') });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = `${['first', ...lines].join('\n')}\n`;
        const note = signNote(text, signer);
        assert.equal(openNote(note, verifier), text);
        assert.equal(openNote(Buffer.from(note), verifier), text);
      }),
    );
  });

  it('passes over signatures of others, before and after, but not over lines that are none', () => {
    const note = signNote('text\n', signer);
    const other = signNote('text\n', signerNumber(2, 'other')).split('\n\n')[1] ?? '';
    const [text = '', own = ''] = note.split('\n\n');
    assert.equal(openNote(`${text}\n\n${other}${own}`, verifier), 'text\n');
    assert.equal(openNote(`${text}\n\n${own}${other}`, verifier), 'text\n');
    assert.equal(openNote(`${text}\n\n${other.repeat(16)}${own}`, verifier), 'text\n');
    assert.equal(
      code(() => openNote(`${text}\n\n${own}x\n`, verifier)),
      'AUDIT_NOTE_MALFORMED',
    );
    assert.equal(
      code(() => openNote(`${text}\n\n${other}`, verifier)),
      'AUDIT_CHECKPOINT_FORGED',
    );
    // The same name with another key, and another name with the same key.
    for (const stranger of [signerNumber(2), signerNumber(1, 'other')]) {
      assert.equal(
        code(() => openNote(signNote('text\n', stranger), verifier)),
        'AUDIT_CHECKPOINT_FORGED',
      );
    }
  });

  it('with a wrong signature of the known key is refused even beside a right one', () => {
    const note = signNote('text\n', signer);
    const wrong = signNote('other\n', signer).split('\n\n')[1] ?? '';
    assert.equal(
      code(() => openNote(`${note}${wrong}`, verifier)),
      'AUDIT_CHECKPOINT_FORGED',
    );
  });

  it('is refused when it is no valid or no bounded text', () => {
    const note = signNote('text\n', signer);
    const bad: (string | Uint8Array)[] = [
      '',
      `\ud800${note}`,
      Buffer.concat([Buffer.from([0xff]), Buffer.from(note)]),
      Buffer.concat([Buffer.from([0xc0, 0x80]), Buffer.from(note)]),
      `a\r\n${note}`,
      `${'x'.repeat(1_000_001)}\n${note}`,
      note.replaceAll('\n', '\r\n'),
    ];
    for (const each of bad)
      assert.equal(
        code(() => openNote(each, verifier)),
        'AUDIT_NOTE_MALFORMED',
      );
    // A byte order mark is part of the text, and was not signed.
    assert.equal(
      code(() => openNote(Buffer.from(`\ufeff${note}`), verifier)),
      'AUDIT_CHECKPOINT_FORGED',
    );
  });

  it('is found changed wherever one bit of it is', () => {
    const octets = Buffer.from(signNote('some text\n', signer));
    for (let bit = 0; bit < octets.length * 8; bit += 1) {
      const changed = Buffer.from(octets);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.notEqual(
        code(() => openNote(changed, verifier)),
        'accepted',
        `bit ${bit}`,
      );
    }
  });
});

describe('a verifier key', () => {
  it('survives its text form', () => {
    assert.deepEqual(parseVerifier(verifierText(verifier)).publicKey, verifier.publicKey);
    assert.equal(
      parseVerifier(verifierText(signer)).hash.toString('hex'),
      keyHash(signer.name, signer.publicKey).toString('hex'),
    );
  });

  it('of another kind, or mangled, is refused', () => {
    const text = verifierText(signer);
    const [name = '', hash = '', key = ''] = text.split('+');
    const rest = text.slice(name.length + hash.length + 2);
    assert.ok(key.length > 0);
    for (const bad of [
      '',
      name,
      `${name}+${hash}`,
      `${name}+${hash}+`,
      `+${hash}+${rest}`,
      `a b+${hash}+${rest}`,
      `${name}\u00a0+${hash}+${rest}`,
      `${name}+${hash.toUpperCase()}x+${rest}`,
      `${name}+00000000+${rest}`,
      `${name}+${hash}+${rest}=`,
      `${text}\n`,
      ` ${text}`,
    ]) {
      assert.equal(
        code(() => parseVerifier(bad)),
        'AUDIT_KEY_INVALID',
        JSON.stringify(bad),
      );
    }
  });
});

describe('a checkpoint', () => {
  it('comes back', () => {
    for (const size of [0, 1, 9_007_199_254_740_991]) {
      const opened = openCheckpoint(signCheckpoint(size, root, signer), verifier);
      assert.deepEqual(opened, { origin: signer.name, size, root });
    }
  });

  it('may have extension lines, as the specification says', () => {
    const note = signNote(`${signer.name}\n3\n${root.toString('base64')}\nextension\n`, signer);
    assert.equal(openCheckpoint(note, verifier).size, 3);
  });

  it('is refused in any other form, though rightly signed', () => {
    const hash = root.toString('base64');
    for (const text of [
      '\n',
      `${signer.name}\n`,
      `${signer.name}\n3\n`,
      `another origin\n3\n${hash}\n`,
      `\n3\n${hash}\n`,
      `${signer.name}\n03\n${hash}\n`,
      `${signer.name}\n+3\n${hash}\n`,
      `${signer.name}\n-3\n${hash}\n`,
      `${signer.name}\n3.0\n${hash}\n`,
      `${signer.name}\n3e0\n${hash}\n`,
      `${signer.name}\n0x3\n${hash}\n`,
      `${signer.name}\n 3\n${hash}\n`,
      `${signer.name}\n\n${hash}\n`,
      `${signer.name}\n9007199254740992\n${hash}\n`,
      `${signer.name}\n18446744073709551615\n${hash}\n`,
      `${signer.name}\n3\n${hash.slice(0, -1)}\n`,
      `${signer.name}\n3\n${hash} \n`,
      `${signer.name}\n3\n${hash.slice(0, -2)}V=\n`,
      `${signer.name}\n3\n${Buffer.alloc(31).toString('base64')}\n`,
      `${signer.name}\n3\n${Buffer.alloc(33).toString('base64')}\n`,
      `${signer.name}\n3\n${hash}\n\nextension after an empty line\n`,
    ]) {
      assert.equal(
        code(() => openCheckpoint(signNote(text, signer), verifier)),
        'AUDIT_NOTE_MALFORMED',
        JSON.stringify(text),
      );
    }
  });
});
