import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { type Api, type ApiResponse, segment } from '../../cloud/api.ts';
import { poll } from '../provider-kit/poll.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { quoteTxt } from '../provider-kit/txt-text.ts';
import { relativeName, walkUp, type Zone } from '../provider-kit/zones.ts';
import { unusable } from '../provider-kit/provider-failure.ts';

const base = 'https://api.hetzner.cloud/v1';
/** The lowest that the API takes. */
const ttl = 60;

const zoneResponse = z.object({ zone: z.object({ id: z.int(), name: z.string() }) });
const setResponse = z.object({
  rrset: z.object({ type: z.string(), records: z.array(z.object({ value: z.string() })) }),
});
const actionResponse = z.object({ action: z.object({ id: z.int(), status: z.enum(['running', 'success', 'error']) }) });

export const hetzner: ProviderDefinition = {
  name: 'hetzner',
  title: 'Hetzner (Cloud API)',
  settings: [
    {
      name: 'apiToken',
      required: true,
      secret: true,
      description: 'API token of the project that holds the zone; not one of the old DNS Console.',
    },
    endpointSetting(base),
  ],
  privilege:
    'API token with Read & Write, made in a project that holds the zone and nothing else: a token reaches everything in its project, servers too.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://docs.hetzner.cloud/reference/cloud#zones',
  create: (settings, parts) => {
    const host = 'Hetzner';
    const authorization = `Bearer ${required(settings, 'apiToken')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);
    const setPath = (zone: Zone<number>, name: string): string =>
      `/zones/${zone.key}/rrsets/${segment(relativeName(name, zone.name))}/TXT`;

    async function read(zone: Zone<number>, name: string, signal?: AbortSignal): Promise<readonly string[] | null> {
      const response = await call({ method: 'GET', path: setPath(zone, name), expect: [404] }, signal);
      return response.status === 404 ? null : response.read(setResponse).rrset.records.map(({ value }) => value);
    }

    /** One change of a zone at a time: the API refuses a second one while it carries out the first. */
    async function act(zone: Zone<number>, request: Parameters<Api>[0], signal?: AbortSignal): Promise<ApiResponse> {
      return parts.inTurn(`hetzner ${zone.name}`, async () => {
        let response = await call(request, signal);
        await poll(
          host,
          parts.clock,
          async () => {
            if (response.status === 404) return true;
            const { id, status } = response.read(actionResponse).action;
            if (status === 'error') throw unusable(host, 'the change failed', response.status);
            if (status === 'success') return true;
            response = await call({ method: 'GET', path: `/actions/${id}` }, signal);
            return false;
          },
          signal,
        );
        return response;
      });
    }

    return recordProvider<number>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const path = `/zones/${segment(candidate)}`;
          const response = await call({ method: 'GET', path, expect: [404] }, signal);
          return response.status === 404 ? null : response.read(zoneResponse).zone.id;
        }),

      // A record has no identifier besides its value.
      list: async (zone, name, signal) =>
        ((await read(zone, name, signal)) ?? []).map((value) => ({ id: `${name} ${value}`, value })),

      add: async (zone, { name, value }, signal) => {
        // An existing set keeps its time to live: the API would refuse another one.
        const isNew = (await read(zone, name, signal)) === null;
        const json = { ...(isNew ? { ttl } : {}), records: [{ value: quoteTxt(value) }] };
        await act(zone, { method: 'POST', path: `${setPath(zone, name)}/actions/add_records`, json }, signal);
      },

      remove: async (zone, id, signal) => {
        const space = id.indexOf(' ');
        const path = `${setPath(zone, id.slice(0, space))}/actions/remove_records`;
        const json = { records: [{ value: id.slice(space + 1) }] };
        await act(zone, { method: 'POST', path, json, expect: [404] }, signal);
      },
    });
  },
};
