#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

// Looked at before anything of ours is loaded: older versions of Node.js cannot load it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `gapferry: error: gapferry needs Node.js 24 or later, and this is ${process.version}\nhint: install it, or run \`npm run -s gapferry\` in a checkout, which brings its own\n`,
  );
  process.exitCode = 2;
} else {
  const { main } = await import('../program/main.js');
  await main(process.argv.slice(2), { root: fileURLToPath(new URL('..', import.meta.url)) });
}
