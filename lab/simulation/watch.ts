import type { CertificateConfig } from '../../src/config/types.ts';
import { type BrokenRules, createBrokenRules } from './broken.ts';
import { type SimulatedCertificate, type SuggestedWindow, usualWindow } from './ca.ts';
import type { Overheard } from './exchange.ts';
import type { Fleet, FleetChange } from './fleet.ts';
import { createUsableTime, type UsableTime } from './usable-time.ts';

const DAY = 86_400_000;

/** Judges what the engine does, by what CAs and configuration say and nothing that the engine itself counts. */
export interface Watch extends Overheard {
  readonly broken: BrokenRules;
  /** When each CA was up and inside its limits. */
  readonly usable: UsableTime;
  /** When it had room for what is not urgent. */
  readonly roomy: UsableTime;
  /** Certificates in use that expired, whether anybody could have helped it or not. */
  readonly expired: number;
  readonly issuedCount: number;
  readonly polledCount: number;
  configured(change: FleetChange): void;
  /** The engine says that the certificate of this name is now the one with this thumbprint. */
  renewed(name: string, thumbprint: string): void;
  /** What the engine has drawn for renewal info that was new since the last call: `read` tells the moment. */
  noteDraws(read: (name: string) => number | null): void;
  /** Looks for what expired until now. */
  lookAt(now: number): void;
  /** The end: what was never issued. */
  finish(): void;
}

type Stretch = Pick<SuggestedWindow, 'start' | 'end'>;

interface InUse extends SimulatedCertificate {
  /** What the CA said last; null: nothing yet. */
  named: Stretch | null;
  /** When it may be renewed by that, or by the lifetime. */
  window: Stretch;
  /** When the CA named that window. */
  heardAt: number;
  /** What the engine has drawn in it first, or when it was heard of if that was later. */
  drawn: number | null;
  nextPoll: number;
}

export interface WatchParts {
  readonly fleet: Fleet;
  readonly now: () => number;
  /** How late anything may be because the loop sleeps in between. */
  readonly slackMs: number;
}

export function createWatch({ fleet, now, slackMs }: WatchParts): Watch {
  const broken = createBrokenRules();
  const usable = createUsableTime();
  const roomy = createUsableTime();
  const inUse = new Map<string, InUse>();
  const issued = new Map<string, SimulatedCertificate>();
  const renewedIds = new Set<string>();
  const byId = new Map<string, InUse>();
  const declaredAt = new Map<string, number>();
  /** A new certificate is wanted at once, for a reason that the configuration gives. */
  const wanted = new Map<string, number>();
  const expiries = new Map<number, InUse[]>();
  let fresh: InUse[] = [];
  let lookedAt = Math.floor(now() / DAY);
  let expired = 0;
  let issuedCount = 0;
  let polledCount = 0;

  const configOf = (name: string): CertificateConfig | undefined => fleet.certificates.get(name);

  /** Whether each of its issuers had room all the time. */
  function allRoomy(name: string, from: number, to: number): boolean {
    return (configOf(name)?.issuers ?? []).every((ca) => roomy.within(ca, from, to) >= to - from);
  }

  function judgeTime(certificate: SimulatedCertificate, old: InUse): void {
    const at = now();
    const { name } = certificate;
    const config = configOf(name);
    if (wanted.has(name) || config === undefined) return;
    const { window, drawn } = old;
    const lifetime = old.notAfter - old.notBefore;
    const told = `${name} (${old.ca}, ${(lifetime / DAY).toFixed(1)} days)`;
    const maintained = config.maintenance !== null;
    if (at < window.start && !(maintained && at >= old.notBefore + lifetime / 3)) {
      broken.note('early', at, `${told} ${hours(window.start - at)} before its window`);
      return;
    }
    if (maintained) {
      if (at > old.notAfter - lifetime / 20 + slackMs && allRoomy(name, window.start, at)) {
        broken.note('late', at, `${told} with maintenance windows in its last twentieth`);
      }
      return;
    }
    if (drawn !== null && at < drawn) {
      broken.note('draw', at, `${told} ${hours(drawn - at)} before the moment that was drawn`);
    }
    const due = drawn ?? window.end;
    if (at <= due + slackMs || !allRoomy(name, Math.min(due, window.start), at)) return;
    broken.note(at > window.end + slackMs ? 'late' : 'draw', at, `${told} ${hours(at - due)} after it was due`);
  }

  return {
    broken,
    usable,
    roomy,
    get expired() {
      return expired;
    },
    get issuedCount() {
      return issuedCount;
    },
    get polledCount() {
      return polledCount;
    },
    ordered: () => {},
    issued: (certificate, { replaces }) => {
      issuedCount += 1;
      const { name } = certificate;
      const old = inUse.get(name);
      issued.set(name, certificate);
      if (configOf(name) === undefined) broken.note('removed', now(), name);
      if (replaces !== null && old?.id !== replaces)
        broken.note('twice', now(), `${name}: replaces what is not in use`);
      if (old === undefined) return;
      if (renewedIds.has(old.id) && !wanted.has(name)) broken.note('twice', now(), name);
      renewedIds.add(old.id);
      judgeTime(certificate, old);
    },
    polled: (ca, id, window) => {
      polledCount += 1;
      const at = now();
      const polled = byId.get(id);
      if (polled === undefined || inUse.get(polled.name) !== polled) {
        // CAs without renewal info have nothing to say about when they are asked.
        if (window !== null) broken.note('poll', at, `${ca} ${id} is not in use`);
        return;
      }
      if (at >= polled.notAfter) broken.note('poll', at, `${polled.name} after it expired`);
      if (at < polled.nextPoll) broken.note('poll', at, `${polled.name} ${hours(polled.nextPoll - at)} too soon`);
      if (window === null) return;
      // Longer wishes are cut to a day, so that nobody can keep a fleet from hearing of an incident (RFC 9773 section
      // 4.3.2).
      polled.nextPoll = at + Math.min(window.retryAfterMs, DAY);
      if (polled.drawn !== null && polled.named !== null && sameWindow(polled.named, window)) return;
      polled.named = window;
      polled.window = heard(window, at);
      polled.heardAt = at;
      polled.drawn = null;
      fresh.push(polled);
    },
    noteDraws: (read) => {
      for (const certificate of fresh) {
        const drawn = inUse.get(certificate.name) === certificate ? read(certificate.name) : null;
        certificate.drawn = drawn === null ? null : Math.max(drawn, certificate.heardAt);
      }
      fresh = [];
    },
    configured: ({ added, removed, changed }) => {
      for (const name of added) declaredAt.set(name, now());
      for (const name of removed) declaredAt.delete(name);
      // One that comes back may have expired or fallen due meanwhile.
      for (const name of [...added, ...changed]) wanted.set(name, now());
    },
    renewed: (name, thumbprint) => {
      const certificate = issued.get(name);
      if (certificate?.thumbprint !== thumbprint) return;
      const old = inUse.get(name);
      if (old !== undefined) {
        byId.delete(old.id);
        renewedIds.delete(old.id);
      }
      const used: InUse = {
        ...certificate,
        named: null,
        window: usualWindow(certificate),
        heardAt: now(),
        drawn: null,
        nextPoll: 0,
      };
      inUse.set(name, used);
      byId.set(used.id, used);
      wanted.delete(name);
      const day = Math.floor(used.notAfter / DAY);
      const list = expiries.get(day);
      if (list === undefined) expiries.set(day, [used]);
      else list.push(used);
    },
    lookAt: (at) => {
      for (; lookedAt <= Math.floor(at / DAY); lookedAt += 1) {
        const later: InUse[] = [];
        for (const certificate of expiries.get(lookedAt) ?? []) {
          if (certificate.notAfter > at) later.push(certificate);
          else judgeExpiry(certificate);
        }
        expiries.set(lookedAt, later);
        if (lookedAt === Math.floor(at / DAY)) break;
        expiries.delete(lookedAt);
      }
    },
    finish: () => {
      for (const [name, at] of declaredAt) {
        if (inUse.has(name)) continue;
        const config = configOf(name);
        const enough = fleet.lifetimeOf(name) / 6;
        if (config?.issuers.some((ca) => usable.within(ca, at, now()) >= enough) === true) {
          broken.note('never', now(), name);
        }
      }
    },
  };

  function judgeExpiry(certificate: InUse): void {
    const { name, notBefore, notAfter } = certificate;
    const config = configOf(name);
    if (inUse.get(name) !== certificate || config === undefined) return;
    // Taken back into the configuration when it had no time left.
    if ((wanted.get(name) ?? 0) > notAfter - (notAfter - notBefore) / 6) return;
    expired += 1;
    const lifetime = notAfter - notBefore;
    const from = usualWindow(certificate).start;
    const helpers = config.issuers.filter((ca) => usable.within(ca, from, notAfter) >= lifetime / 6);
    if (helpers.length > 0) broken.note('expired', notAfter, `${name} although ${helpers.join(', ')} could be used`);
  }
}

function sameWindow(one: Stretch, other: Stretch): boolean {
  return one.start === other.start && one.end === other.end;
}

/** A window that was over when it was heard of ends then. */
function heard({ start, end }: Stretch, at: number): Stretch {
  return { start, end: Math.max(end, at) };
}

function hours(ms: number): string {
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
