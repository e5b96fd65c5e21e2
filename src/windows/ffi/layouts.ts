/** Size and field offsets of a C structure on 64-bit Windows, in octets. */
export interface Layout<F extends string = string> {
  readonly size: number;
  readonly fields: Readonly<Record<F, number>>;
}

/**
 * Every structure that passes between us and Windows, under the names of the Windows headers; a field inside an
 * embedded structure is written with a dot, as C writes it. They are the same on x64 and ARM64. A C program compiled
 * against the headers can check them.
 */
export const layouts = {
  SOCKADDR_IN: { size: 16, fields: { sin_family: 0, sin_port: 2, sin_addr: 4 } },
  SOCKADDR_IN6: {
    size: 28,
    fields: { sin6_family: 0, sin6_port: 2, sin6_flowinfo: 4, sin6_addr: 8, sin6_scope_id: 24 },
  },
  SOCKADDR_STORAGE: { size: 128, fields: { ss_family: 0 } },

  HTTP_SERVICE_CONFIG_SSL_PARAM: {
    size: 80,
    fields: {
      SslHashLength: 0,
      pSslHash: 8,
      AppId: 16,
      pSslCertStoreName: 32,
      DefaultCertCheckMode: 40,
      DefaultRevocationFreshnessTime: 44,
      DefaultRevocationUrlRetrievalTimeout: 48,
      pDefaultSslCtlIdentifier: 56,
      pDefaultSslCtlStoreName: 64,
      DefaultFlags: 72,
    },
  },
  HTTP_SERVICE_CONFIG_SSL_SET: { size: 88, fields: { 'KeyDesc.pIpPort': 0, ParamDesc: 8 } },
  HTTP_SERVICE_CONFIG_SSL_SNI_SET: {
    size: 216,
    fields: { 'KeyDesc.IpPort': 0, 'KeyDesc.Host': 128, ParamDesc: 136 },
  },
  HTTP_SERVICE_CONFIG_SSL_CCS_SET: { size: 208, fields: { 'KeyDesc.LocalAddress': 0, ParamDesc: 128 } },
  HTTP_SERVICE_CONFIG_SSL_QUERY: { size: 24, fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 16 } },
  HTTP_SERVICE_CONFIG_SSL_SNI_QUERY: { size: 152, fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 144 } },
  HTTP_SERVICE_CONFIG_SSL_CCS_QUERY: { size: 144, fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 136 } },
  HTTP_SERVICE_CONFIG_SSL_QUERY_EX: { size: 144, fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 136, ParamType: 140 } },
  HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX: {
    size: 152,
    fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 144, ParamType: 148 },
  },
  HTTP_SERVICE_CONFIG_SSL_CCS_QUERY_EX: {
    size: 144,
    fields: { QueryDesc: 0, KeyDesc: 8, dwToken: 136, ParamType: 140 },
  },
  HTTP_SERVICE_CONFIG_SSL_SET_EX: { size: 160, fields: { ParamDesc: 128 } },
  HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX: { size: 168, fields: { ParamDesc: 136 } },
  HTTP_SERVICE_CONFIG_SSL_CCS_SET_EX: { size: 160, fields: { ParamDesc: 128 } },
  HTTP_SERVICE_CONFIG_SSL_PARAM_EX: { size: 32, fields: { ParamType: 0, Flags: 8 } },
  HTTP_SERVICE_CONFIG_IP_LISTEN_QUERY: { size: 136, fields: { AddrCount: 0, AddrList: 8 } },

  HTTP_REQUEST: {
    size: 864,
    fields: { RequestId: 16, UrlContext: 24, Verb: 36, RawUrlLength: 42, pRawUrl: 56, 'Headers.KnownHeaders': 152 },
  },
  HTTP_RESPONSE: {
    size: 568,
    fields: {
      StatusCode: 8,
      ReasonLength: 10,
      pReason: 16,
      'Headers.KnownHeaders': 56,
      EntityChunkCount: 536,
      pEntityChunks: 544,
    },
  },
  HTTP_KNOWN_HEADER: { size: 16, fields: { RawValueLength: 0, pRawValue: 8 } },
  HTTP_DATA_CHUNK: { size: 32, fields: { DataChunkType: 0, 'FromMemory.pBuffer': 8, 'FromMemory.BufferLength': 16 } },
  HTTP_BINDING_INFO: { size: 16, fields: { Flags: 0, RequestQueueHandle: 8 } },
  OVERLAPPED: { size: 32, fields: { Internal: 0, InternalHigh: 8, hEvent: 24 } },

  SECURITY_ATTRIBUTES: { size: 24, fields: { nLength: 0, lpSecurityDescriptor: 8, bInheritHandle: 16 } },
  SID_AND_ATTRIBUTES: { size: 16, fields: { Sid: 0, Attributes: 8 } },

  CERT_CONTEXT: { size: 40, fields: { pbCertEncoded: 8, cbCertEncoded: 16 } },
  CRYPT_KEY_PROV_INFO: {
    size: 48,
    fields: { pwszContainerName: 0, pwszProvName: 8, dwProvType: 16, dwFlags: 20, dwKeySpec: 40 },
  },
  CRYPT_DATA_BLOB: { size: 16, fields: { cbData: 0, pbData: 8 } },

  NCryptBuffer: { size: 16, fields: { cbBuffer: 0, BufferType: 4, pvBuffer: 8 } },
  NCryptBufferDesc: { size: 16, fields: { ulVersion: 0, cBuffers: 4, pBuffers: 8 } },
  NCryptProviderName: { size: 16, fields: { pszName: 0, pszComment: 8 } },
  BCRYPT_PKCS1_PADDING_INFO: { size: 8, fields: { pszAlgId: 0 } },
  BCRYPT_PSS_PADDING_INFO: { size: 16, fields: { pszAlgId: 0, cbSalt: 8 } },
  BCRYPT_RSAKEY_BLOB: {
    size: 24,
    fields: { Magic: 0, BitLength: 4, cbPublicExp: 8, cbModulus: 12, cbPrime1: 16, cbPrime2: 20 },
  },
  BCRYPT_ECCKEY_BLOB: { size: 8, fields: { dwMagic: 0, cbKey: 4 } },
} as const satisfies Readonly<Record<string, Layout>>;
