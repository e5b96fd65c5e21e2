/**
 * What a failure means to the engine that tries again. One place says it: the entry of the code in the table of errors,
 * unless the error itself knows better, as a CA's problem document does.
 */
export interface FailureMeaning {
  /**
   * What the next attempt can do with an order that was begun. `continue`: go on where this one stopped, nothing is
   * lost. `ask`: the issuer may have done what it was asked for, and its response made no sense; ask how things stand,
   * for a day at most. `recheck`: the certificate is there and may be good, and something on this machine (its clock,
   * the roots that it trusts) kept it from being accepted; look at the same one again, for two days at most. `restart`:
   * begin anew. `discard`: begin anew, and a certificate that is there already is of no use: its key is gone.
   */
  readonly resume: 'continue' | 'ask' | 'recheck' | 'restart' | 'discard';
  /**
   * `issuer`: it does not work; another may. `name`: it works and will not issue for these names for now; another may.
   * `host`: what stands at the names or on their web server, and every issuer would see the same. `us`: this machine,
   * its keys, its configuration, this program.
   */
  readonly blames: 'issuer' | 'name' | 'host' | 'us';
  /**
   * What the issuer has counted. `nothing`: it refused before it counted. `order`: an order that came to nothing.
   * `validation`: a validation that failed, and the order. `unknown`: what was taken from our buckets stays taken.
   */
  readonly costs: 'nothing' | 'order' | 'validation' | 'unknown';
}

/** Of a code that says nothing else. */
export const USUAL_MEANING: FailureMeaning = { resume: 'restart', blames: 'us', costs: 'unknown' };

/**
 * Facts of a failure that programs decide by. What people and logs see as well stands in `details`, which nobody
 * branches on.
 */
export interface FailureFacts {
  /** What this one failure means, where that differs from its code. */
  readonly meaning?: Partial<FailureMeaning>;
  /** How long the other side asked to wait, milliseconds. */
  readonly retryAfterMs?: number | null;
  /** After how long, milliseconds, another attempt may succeed without anybody doing anything; it is made by then. */
  readonly retryWithinMs?: number;
  /** Status of the HTTP response that carried the failure. */
  readonly httpStatus?: number;
  /** Type of the issuer's problem document (RFC 7807). */
  readonly problem?: string;
  /** Where a person can have the issuer change its mind. */
  readonly link?: string;
  /** Names that the issuer could not validate. */
  readonly names?: readonly string[];
  /** Why, as a stable word that the code's documentation lists; that of the details where these have one. */
  readonly reason?: string;
}
