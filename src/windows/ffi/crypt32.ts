import type { Ffi, Pointer } from './load.ts';

export type Crypt32 = ReturnType<typeof crypt32>;

/** crypt32.dll: certificate stores (wincrypt.h). */
export function crypt32(ffi: Ffi) {
  const library = ffi.open('crypt32');
  return {
    CertOpenStore: library.func<
      (provider: number, encoding: number, cryptProvider: number, flags: number, name: string) => bigint | null
    >(
      'void *__stdcall CertOpenStore(uintptr_t provider, uint32_t encoding, uintptr_t cryptProvider, uint32_t flags, str16 name)',
    ),
    CertCloseStore: library.func<(store: bigint, flags: number) => number>(
      'int32_t __stdcall CertCloseStore(void *store, uint32_t flags)',
    ),
    CertCreateCertificateContext: library.func<(encoding: number, der: Uint8Array, octets: number) => bigint | null>(
      'void *__stdcall CertCreateCertificateContext(uint32_t encoding, void *der, uint32_t octets)',
    ),
    CertFreeCertificateContext: library.func<(context: bigint) => number>(
      'int32_t __stdcall CertFreeCertificateContext(void *context)',
    ),
    CertAddCertificateContextToStore: library.func<
      (store: bigint, context: bigint, disposition: number, added: null) => number
    >(
      'int32_t __stdcall CertAddCertificateContextToStore(void *store, void *context, uint32_t disposition, void *added)',
    ),
    /** Frees `previous`. */
    CertEnumCertificatesInStore: library.func<(store: bigint, previous: bigint | null) => bigint | null>(
      'void *__stdcall CertEnumCertificatesInStore(void *store, void *previous)',
    ),
    /** Frees `previous`. */
    CertFindCertificateInStore: library.func<
      (store: bigint, encoding: number, flags: number, kind: number, what: Uint8Array, previous: null) => bigint | null
    >(
      'void *__stdcall CertFindCertificateInStore(void *store, uint32_t encoding, uint32_t flags, uint32_t kind, void *what, void *previous)',
    ),
    CertSetCertificateContextProperty: library.func<
      (context: bigint, property: number, flags: number, data: Uint8Array) => number
    >(
      'int32_t __stdcall CertSetCertificateContextProperty(void *context, uint32_t property, uint32_t flags, void *data)',
    ),
    CertGetCertificateContextProperty: library.func<
      (context: bigint, property: number, data: Pointer, octets: Uint8Array) => number
    >(
      'int32_t __stdcall CertGetCertificateContextProperty(void *context, uint32_t property, void *data, void *octets)',
    ),
    /** Frees `context` whether it succeeds or not. */
    CertDeleteCertificateFromStore: library.func<(context: bigint) => number>(
      'int32_t __stdcall CertDeleteCertificateFromStore(void *context)',
    ),
  };
}
