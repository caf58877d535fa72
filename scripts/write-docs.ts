// Writes the pages that are made from the code: docs/cli/commands.md and docs/schema/*.schema.json. `npm run docs` runs it; test/docs.test.ts compares.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedPages } from '../test/docs/generated-pages.ts';

for (const [path, text] of await generatedPages()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
