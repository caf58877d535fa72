// Bundles the command line into packages/cli/program, one file for each command and shared chunks, and writes oclif.manifest.json:
// a command loads a handful of files instead of several hundred, which is most of what starting costs.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, describeCommands } from './program.mjs';

const root = fileURLToPath(new URL('../packages/cli', import.meta.url));
const program = join(root, 'program');

const files = await bundleProgram();
await rm(program, { recursive: true, force: true });
await files.write(program);
await writeFile(join(root, 'oclif.manifest.json'), await describeCommands(root));
