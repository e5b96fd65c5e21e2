export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute URL. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The response is refused with NET_RESPONSE_TOO_LARGE once its body passes this many octets. */
  readonly maxBytes: number;
  /** The whole exchange, from connecting to the last octet; past it: NET_TIMEOUT. */
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; a repeated header keeps every value. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Uint8Array;
  /**
   * The request was sent more than once, since a connection ended before a response. The server may have taken an
   * earlier one.
   */
  readonly repeated?: boolean;
}

/**
 * Sends one request and returns the whole response. MUST NOT follow redirects, MUST refuse plain http except to
 * loopback where that was allowed explicitly, MUST verify the server's certificate, MUST bound the body. Throws
 * EverbindError with a NET_ code (src/errors/net.ts) for anything that is no HTTP response, or the signal's reason.
 */
export type Transport = (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;
