import type { Io } from '../../src/cli/io.ts';
import { renderTable } from '../../src/cli/output/table.ts';
import { painter, printable } from '../../src/cli/output/text.ts';
import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { PortRow } from '../sim-windows/serving/port-table.ts';

/** Where each binding was moved to, and how to open one of them. */
export function printAddresses(io: Io, rows: readonly PortRow[], rootFile: string): void {
  const open = rows.flatMap((row) => (row.endpoint === null ? [] : [{ ...row, endpoint: row.endpoint }]));
  const paint = painter(io.colour);
  io.out(`\n${paint('bold', 'Where the sites are (moved to loopback)')}\n`);
  io.out(
    renderTable(
      [{ title: 'SITE' }, { title: 'BINDING' }, { title: 'OPEN', fixed: true }],
      open.map(({ site, protocol, binding, endpoint }) => [
        site,
        `${protocol} ${binding}`,
        `${endpoint.address} port ${endpoint.port}`,
      ]),
      { columns: io.columns, paint },
    ),
  );
  const example = open.find(({ protocol, host }) => protocol === 'https' && host !== '' && !host.startsWith('*'));
  if (example === undefined) return;
  const { address, port } = example.endpoint;
  const host = canonicalHost(example.host);
  const at = address.includes(':') ? `[${address}]` : address;
  io.out('\nFor example:\n');
  io.out(`  curl --cacert ${rootFile} \\\n`);
  io.out(printable(`    --resolve ${host}:${port}:${at}`) + ' \\\n');
  io.out(printable(`    https://${host}:${port}/`) + '\n');
}
