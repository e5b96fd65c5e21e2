/** When changes are welcome. Plain JSON, as it stands in the configuration. */
export interface MaintenanceConfig {
  /** IANA name, `Europe/Berlin`. */
  readonly timeZone: string;
  /** None: at any time. */
  readonly windows: readonly MaintenanceWindow[];
  readonly freezes: readonly Freeze[];
}

/** A stretch of local time that begins on certain days. */
export interface MaintenanceWindow {
  readonly days: readonly WeekdayRule[];
  /** Minutes since midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes since midnight, 1 to 1440; not after `from`: on the next day. */
  readonly to: number;
}

export interface WeekdayRule {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  /** 1 to 5: the first to the fifth of its month; null: each. */
  readonly nth: number | null;
}

/** Whole local days without changes, both included, `YYYY-MM-DD`. */
export interface Freeze {
  readonly from: string;
  readonly to: string;
}
