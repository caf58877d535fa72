// Brings the servers and clients the live tests compare with, where that is possible, and says what there is:
// Debian packages when run as root, Go tools of pinned versions into the user's cache, never into the checkout.
// May be run again at any time: what is there is not made twice. A missing tool is never an error here:
// the tests that need it are skipped, with the reason that is printed now and kept in reports/live-tools.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringDebianTools } from './debian-tools.mjs';

import { bringGoTools } from './go-tools.mjs';
import { bringGoWrappers } from './go-wrappers.mjs';
import { bringPythonTools } from './python-tools.mjs';

const report = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'reports', 'live-tools.json');

const started = performance.now();
const tools = [...bringDebianTools(), ...bringGoTools(), ...bringGoWrappers(), ...bringPythonTools()];
mkdirSync(dirname(report), { recursive: true });
writeFileSync(report, `${JSON.stringify({ tools }, null, 2)}\n`);
for (const line of summary()) console.log(`live tests: ${line}`);

function summary() {
  const found = tools.filter(({ path }) => path !== undefined);
  const missing = tools.filter(({ path }) => path === undefined);
  return [
    `found: ${found.map(({ name, version }) => (version ? `${name} ${version}` : name)).join(', ') || 'nothing'}`,
    ...missing.map(({ name, reason }) => `missing: ${name}, because ${reason}; its tests will be skipped`),
    `looked and built for ${Math.round((performance.now() - started) / 1000)} s`,
  ];
}
