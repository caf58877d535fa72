// Runs the command line from the TypeScript sources, without a build:
// node --conditions=gapferry-source packages/cli/bin/dev.ts COMMAND …
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Interfaces, settings } from '@oclif/core';
import { main } from '../src/main.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pjson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

// Node strips the types itself; oclif must neither look for a transpiler nor for compiled commands.
settings.enableAutoTranspile = false;
pjson.oclif.commands = './src/commands';

// npm runs scripts in the checkout; paths on the command line are meant from where the operator stands.
if (process.env['npm_lifecycle_event'] === 'gapferry' && process.env['INIT_CWD'] !== undefined)
  process.chdir(process.env['INIT_CWD']);

await main(process.argv.slice(2), { root, pjson, ignoreManifest: true } as Interfaces.Options);
