import { EverbindError } from '../../errors/error.ts';
import { isSelfIssued, parseCertificate } from '../../pki/x509/certificate.ts';
import type { CertificateMaterial } from '../../ports/deployment.ts';
import type { StoreName, WindowsHost } from '../../ports/windows-host.ts';

type Host = Pick<WindowsHost, 'certificates'>;

/**
 * Puts leaf and key into `store` of LocalMachine and the intermediates into CA, where Windows looks when it builds the
 * chain to serve. Roots are not installed: which roots this machine trusts is not ours to decide. Safe to repeat: the
 * key is fetched only when the certificate is not there with its key. A key in a provider stays there, and the
 * certificate refers to it. Errors: IIS_CERTIFICATE_NOT_STORED, PKI_CERTIFICATE_INVALID, WIN_CALL_FAILED, and those of
 * the key store.
 */
export async function installCertificate(host: Host, store: StoreName, material: CertificateMaterial): Promise<void> {
  const [leaf, ...rest] = material.chain;
  if (leaf === undefined) throw notStored(material.thumbprint, store, 'its chain is empty');
  const intermediates = rest.filter((der) => !isSelfIssued(parseCertificate(der)));
  await Promise.all([
    ...intermediates.map((der) => host.certificates.add('CA', der)),
    importLeaf(host, store, material, leaf),
  ]);
}

async function importLeaf(
  host: Host,
  store: StoreName,
  material: CertificateMaterial,
  leaf: Uint8Array,
): Promise<void> {
  if ((await storedProblem(host, store, material.thumbprint, leaf)) === null) return;
  const attachment = await material.attach();
  if (attachment.kind === 'pkcs8') {
    try {
      await host.certificates.importWithKey(store, leaf, attachment.privateKey, material.friendlyName);
    } finally {
      attachment.privateKey.fill(0);
    }
  } else {
    const key = { provider: attachment.providerName, name: attachment.keyName };
    await host.certificates.addWithKey(store, leaf, key, material.friendlyName);
  }
  // Success of the import is not enough: another program may clean the store, or Windows may store no key.
  const problem = await storedProblem(host, store, material.thumbprint, leaf);
  if (problem !== null) throw notStored(material.thumbprint, store, problem);
}

async function storedProblem(
  host: Host,
  store: StoreName,
  thumbprint: string,
  leaf: Uint8Array,
): Promise<string | null> {
  const stored = await host.certificates.find(store, thumbprint);
  if (stored === null) return 'it is not there';
  if (!stored.hasPrivateKey) return 'it is there without its private key';
  return Buffer.compare(stored.der, leaf) === 0 ? null : 'another certificate has its thumbprint';
}

function notStored(thumbprint: string, store: StoreName, reason: string): EverbindError {
  return new EverbindError('IIS_CERTIFICATE_NOT_STORED', `certificate ${thumbprint} in the store ${store}: ${reason}`, {
    thumbprint,
    store,
  });
}
