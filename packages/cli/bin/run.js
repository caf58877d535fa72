#!/usr/bin/env node
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Looked at before anything of ours is loaded: older versions of Node.js cannot load it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `gapferry: error: gapferry needs Node.js 24 or later, and this is ${process.version}\nhint: install it, or run \`npm run -s gapferry\` in a checkout, which brings its own\n`,
  );
  process.exitCode = 2;
} else {
  keepCompiled(process.env);
  const { main } = await import('../program/main.js');
  await main(process.argv.slice(2), { root: fileURLToPath(new URL('..', import.meta.url)) });
}

/** Keeps what V8 made of the program for the next start, which takes a tenth less. What lies there is executed: only a directory that nobody but this user can write to is taken, and none is made in somebody else's home. */
function keepCompiled({ NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME }) {
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  if (NODE_COMPILE_CACHE || !cache || process.geteuid === undefined) return;
  try {
    if (!isOurs(XDG_CACHE_HOME || HOME)) return;
    const directory = join(cache, 'gapferry', 'compiled');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const isPrivate = [cache, join(cache, 'gapferry'), directory].every(isOurs);
    if (isPrivate) process.getBuiltinModule('node:module').enableCompileCache(directory);
  } catch {
    // Without it everything works as well.
  }
}

function isOurs(path) {
  const facts = lstatSync(path);
  return facts.isDirectory() && facts.uid === process.geteuid() && (facts.mode & 0o022) === 0;
}
