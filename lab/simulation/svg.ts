/** A number or a text of an attribute. */
type Value = string | number;

/** One element. Texts are escaped; children are SVG already. */
export function element(name: string, attributes: Readonly<Record<string, Value>>, ...children: string[]): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(shown(value))}"`);
  const start = `<${name}${list.join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`;
}

/** Text at a place. */
export function text(x: number, y: number, content: string, attributes: Readonly<Record<string, Value>> = {}): string {
  return element('text', { x, y, ...attributes }, escaped(content));
}

/** The path through these points. */
export function line(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${shown(x)} ${shown(y)}`).join('');
}

/** A whole document on a white ground. */
export function svg(width: number, height: number, label: string, ...children: string[]): string {
  const ground = element('rect', { width, height, fill: '#ffffff' });
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    'font-family': 'sans-serif',
    'font-size': 12,
    fill: '#222222',
    role: 'img',
    'aria-label': label,
  };
  return `${element('svg', attributes, '\n', [ground, ...children].join('\n'), '\n')}\n`;
}

/** Short numbers keep the file small. */
function shown(value: Value): string {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : value;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
