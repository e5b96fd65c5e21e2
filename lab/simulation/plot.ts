import type { CaProfile } from './cas.ts';
import type { SimulationResult } from './simulate.ts';
import { element, line, svg, text } from './svg.ts';

const DAY = 86_400_000;
const WIDTH = 1100;
const LEFT = 64;
const RIGHT = 56;
const TOP = 78;
const PANEL = 120;
const GAP = 46;
const INNER = WIDTH - LEFT - RIGHT;

const colours = { issued: '#3b6ea5', used: '#c4761b', outage: '#d9534f', incident: '#7b3fa0', change: '#4a8f4a' };

/** One panel for each CA: what it issued a day, how much of its limit was used, when it was of no use. SVG text. */
export function plotSimulation(result: SimulationResult): string {
  const { days, certificates, watch, limitBreaches, cas } = result;
  const panels = [...cas.values()].map(({ profile }, index) =>
    element('g', { transform: `translate(${LEFT} ${TOP + index * (PANEL + GAP)})` }, drawPanel(result, profile)),
  );
  const title = `${certificates} certificates over ${days} days: ${watch.issuedCount} issued, ${watch.expired} expired, ${limitBreaches} limits broken`;
  const height = TOP + cas.size * (PANEL + GAP);
  return svg(WIDTH, height, title, text(LEFT, 24, title, { 'font-size': 16 }), drawLegend(), ...panels);
}

function drawLegend(): string {
  const entries: readonly (readonly [keyof typeof colours, string])[] = [
    ['issued', 'certificates issued, a day (left)'],
    ['used', 'limit of the account that was used, the most of a day (right)'],
    ['outage', 'outage'],
    ['incident', 'incident'],
    ['change', 'many moved to another CA'],
  ];
  let x = LEFT;
  return entries
    .map(([name, label]) => {
      const entry = [
        element('rect', {
          x,
          y: 38,
          width: 11,
          height: 11,
          fill: colours[name],
          opacity: name === 'outage' ? 0.45 : 1,
        }),
        text(x + 16, 48, label),
      ];
      x += 36 + label.length * 6.1;
      return entry.join('');
    })
    .join('');
}

function drawPanel(result: SimulationResult, profile: CaProfile): string {
  const { start, days, spread, used, outages, events } = result;
  const { name } = profile;
  const x = (time: number): number => ((time - start) / (days * DAY)) * INNER;
  const daily = perDay(spread.hours.get(name) ?? new Uint32Array(), days);
  const most = niceCeiling(Math.max(1, ...daily));
  const y = (value: number): number => PANEL - (value / most) * PANEL;
  const parts = [
    text(0, -8, describe(profile), { 'font-size': 13 }),
    element('rect', { width: INNER, height: PANEL, fill: '#f6f6f6' }),
    ...outages.filter(({ ca }) => ca === name).map((outage) => band(x(outage.start), x(outage.end), colours.outage)),
    element('path', {
      d: `${line([[0, PANEL], ...daily.map((value, day) => [x(start + (day + 0.5) * DAY), y(value)] as const), [INNER, PANEL]])}Z`,
      fill: colours.issued,
      'fill-opacity': 0.85,
    }),
    element('path', {
      d: line(
        [...(used.get(name) ?? [])]
          .slice(0, days)
          .map((part, day) => [x(start + (day + 0.5) * DAY), PANEL * (1 - part)]),
      ),
      fill: 'none',
      stroke: colours.used,
      'stroke-width': 1,
    }),
    ...events.flatMap((event) => {
      if (event.type === 'incident') return event.ca === name ? mark(x(event.at), colours.incident) : [];
      return event.move ? mark(x(event.at), colours.change) : [];
    }),
    ...[0, most / 2, most].map((value) => text(-8, y(value) + 4, String(value), { 'text-anchor': 'end' })),
    ...[0, 0.5, 1].map((part) => text(INNER + 8, PANEL * (1 - part) + 4, `${part * 100} %`, { fill: colours.used })),
    ...quarters(start, days).map((time) =>
      [
        element('path', { d: `M${x(time).toFixed(1)} ${PANEL}v5`, stroke: '#222222' }),
        text(x(time), PANEL + 18, new Date(time).toISOString().slice(0, 7), { 'text-anchor': 'middle' }),
      ].join(''),
    ),
  ];
  return parts.join('\n');
}

function describe({ name, orders, renewalInfoMs, exemptsRenewals }: CaProfile): string {
  const limit = `${orders.capacity} orders in ${((orders.capacity * orders.refillMs) / 3_600_000).toFixed(1)} h`;
  const info = renewalInfoMs === null ? 'no renewal info' : `renewal info every ${renewalInfoMs / 3_600_000} h`;
  return `${name}: ${limit}${exemptsRenewals ? ', renewals not counted' : ''}; ${info}`;
}

function band(from: number, to: number, fill: string): string {
  return element('rect', { x: from, width: Math.max(1.5, to - from), height: PANEL, fill, opacity: 0.45 });
}

/** A triangle that points at a moment. */
function mark(x: number, fill: string): string {
  return element('path', {
    d: `${line([
      [x - 5, -1],
      [x + 5, -1],
      [x, 8],
    ])}Z`,
    fill,
  });
}

function perDay(hours: Uint32Array, days: number): number[] {
  return Array.from({ length: days }, (_, day) =>
    hours.subarray(day * 24, day * 24 + 24).reduce((sum, value) => sum + value, 0),
  );
}

/** The next of 2, 4, 10, 20, 40, 100 … */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 10].map((factor) => Math.max(2, factor * power)).find((limit) => limit >= value) ?? value;
}

function quarters(start: number, days: number): number[] {
  const end = start + days * DAY;
  const first = new Date(start);
  const step = days > 200 ? 3 : 1;
  return Array.from({ length: 200 }, (_, index) => Date.UTC(first.getUTCFullYear(), index * step, 1)).filter(
    (time) => time >= start && time < end,
  );
}
