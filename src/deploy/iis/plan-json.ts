import { EverbindError } from '../../errors/error.ts';
import type { RecordChange } from '../../iis/records/apply.ts';
import type { BindingPlan, PlannedEndpoint, RivalRecord } from '../../iis/plan/types.ts';
import {
  asArray,
  asObject,
  decodeKey,
  decodeRecord,
  encodeKey,
  encodeRecord,
  number,
  optionalText,
  text,
} from '../../iis/records/ssl-record-json.ts';
import type { DeploymentPlan, Json } from '../../ports/deployment.ts';
import type { Sight, Sights } from './sight.ts';

/** The plan as it is shown and journaled; restoring reads it too. */
export function encodePlan(plan: BindingPlan): DeploymentPlan {
  return {
    type: 'iis',
    changes: plan.changes.map(({ target, reason, before, sites }) => ({
      target,
      reason,
      replaces: before?.certificateHash ?? null,
      sites,
    })),
    skipped: [...plan.skipped, ...plan.findings],
    holds: [
      ...new Set([
        ...plan.changes.map(({ target }) => target),
        ...plan.endpoints.flatMap(({ advisory, record }) => (advisory ? [] : [`http.sys record ${record}`])),
      ]),
    ],
    snapshot: plan.changes.map(({ key, before, after }) => ({
      key: encodeKey(key),
      before: before === null ? null : encodeRecord(before),
      after: encodeRecord(after),
    })),
    detail: encodeEndpoints(plan.endpoints),
  };
}

/** The detail of a plan with these endpoints. */
export function encodeEndpoints(endpoints: readonly PlannedEndpoint[]): Json {
  return {
    endpoints: endpoints.map(({ rival, ...endpoint }): Json => ({ ...endpoint, rival: rival && { ...rival } })),
  };
}

/** The plan with what its endpoints showed before anything changed. */
export function withSights(plan: DeploymentPlan, sights: Sights): DeploymentPlan {
  const before = [...sights].map(
    ([key, sight]): Json =>
      sight.kind === 'served' ? { key, thumbprint: sight.thumbprint } : { key, code: sight.code, reason: sight.reason },
  );
  return { ...plan, detail: { ...asObject(plan.detail), before } };
}

/** null: nobody looked. Throws IIS_PLAN_INVALID. */
export function decodeSights(plan: DeploymentPlan): Sights | null {
  const { before } = asObject(plan.detail);
  if (before === undefined) return null;
  return new Map(
    asArray(before).map((entry) => {
      const object = asObject(entry);
      const sight: Sight = Object.hasOwn(object, 'thumbprint')
        ? { kind: 'served', thumbprint: text(object, 'thumbprint') }
        : { kind: 'failed', code: text(object, 'code'), reason: optionalText(object, 'reason') };
      return [text(object, 'key'), sight];
    }),
  );
}

/** Throws IIS_PLAN_INVALID. */
export function decodeChanges(plan: DeploymentPlan): readonly RecordChange[] {
  return asArray(plan.snapshot).map((entry) => {
    const { key, before, after } = asObject(entry);
    return { key: decodeKey(key), before: before === null ? null : decodeRecord(before), after: decodeRecord(after) };
  });
}

/** Throws IIS_PLAN_INVALID. */
export function decodeEndpoints(plan: DeploymentPlan): readonly PlannedEndpoint[] {
  return asArray(asObject(plan.detail)['endpoints']).map((entry) => {
    const object = asObject(entry);
    const skip = optionalText(object, 'skip');
    if (skip !== null && skip !== 'site-stopped' && skip !== 'no-site') {
      throw new EverbindError('IIS_PLAN_INVALID', `a recorded endpoint is skipped for an unknown reason: ${skip}`);
    }
    return {
      address: text(object, 'address'),
      port: number(object, 'port'),
      host: text(object, 'host'),
      name: text(object, 'name'),
      record: text(object, 'record'),
      hashBefore: optionalText(object, 'hashBefore'),
      sites: asArray(object['sites']).map(String),
      skip,
      // Plans from before rivals were looked at have neither.
      rival: object['rival'] === undefined ? null : decodeRival(object['rival']),
      advisory: decodeAdvisory(object['advisory']),
    };
  });
}

function decodeRival(json: Json): RivalRecord | null {
  if (json === null) return null;
  const object = asObject(json);
  return { record: text(object, 'record'), certificateHash: optionalText(object, 'certificateHash') };
}

function decodeAdvisory(json: Json | undefined): boolean {
  if (json === undefined || typeof json === 'boolean') return json ?? false;
  throw new EverbindError('IIS_PLAN_INVALID', 'a recorded endpoint is neither advisory nor not');
}
