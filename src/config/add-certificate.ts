import { Document, isMap, isSeq, parseDocument } from 'yaml';
import { EverbindError } from '../errors/error.ts';

/** What `add` writes; keys as in everbind.yaml, absent ones take their defaults. */
export interface NewCertificate {
  readonly name: string;
  readonly names: readonly string[];
  readonly issuers?: readonly string[];
  readonly key?: { readonly algorithm: string };
  readonly challenge?: { readonly type: 'http-01'; readonly mode: string };
  readonly deployments?: readonly {
    readonly type: 'iis';
    readonly sites?: readonly string[];
    readonly adopt?: boolean;
  }[];
}

/** An issuer for a file that has none. */
export interface NewIssuer {
  readonly name: string;
  readonly directory: string;
  readonly contacts?: readonly string[];
  readonly termsOfServiceAgreed: boolean;
}

/**
 * The text of a configuration with one more certificate; comments and order stay. `text` null makes a new file, which needs the
 * issuer. The caller checks the result with parseConfig before it writes it. Throws CONFIG_INVALID when the text is no mapping with a
 * list of certificates.
 */
export function addCertificate(text: string | null, certificate: NewCertificate, issuer: NewIssuer | null): string {
  if (text === null) {
    return new Document({
      version: 1,
      issuers: issuer === null ? [] : [issuer],
      certificates: [certificate],
    }).toString();
  }
  const document = parseDocument(text);
  if (!isMap(document.contents)) {
    throw new EverbindError('CONFIG_INVALID', 'the configuration file is no mapping of keys to values');
  }
  if (issuer !== null) append(document, 'issuers', issuer);
  append(document, 'certificates', certificate);
  return document.toString({ lineWidth: 120 });
}

function append(document: Document, key: string, value: unknown): void {
  const list = document.get(key);
  if (isSeq(list)) list.add(document.createNode(value));
  else if (list === undefined || list === null) document.set(key, [value]);
  else throw new EverbindError('CONFIG_INVALID', `${key} is no list`);
}
