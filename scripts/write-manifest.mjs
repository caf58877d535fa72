// Writes packages/cli/oclif.manifest.json from the compiled commands, so that starting the command line loads only the command that is run.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../packages/cli', import.meta.url));
const { Plugin } = createRequire(`${root}/package.json`)('@oclif/core');

const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
writeFileSync(`${root}/oclif.manifest.json`, `${JSON.stringify(plugin.manifest)}\n`);
