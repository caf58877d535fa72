import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, isProgram } from './find-program.mjs';
import { buildOnce, cachedAt } from './go-build.mjs';

/** Servers that are built through a module of ours beside this file, with committed sums. `target` is what is built there.
 *  `keeps`: what it reads at run time from the directory of its module, kept beside the program, as a module cache may be cleaned. */
const WRAPPERS = [
  {
    // The registry that `crane registry serve` runs, with the referrers API, which no distribution has.
    name: 'referrers-registry',
    version: 'v0.22.1',
    limitMinutes: 3,
    target: '.',
  },
  {
    // Its own `replace` lines count only in the main module, so `go install` cannot build it.
    name: 'gitea',
    version: 'v1.26.0',
    limitMinutes: 20,
    target: 'code.gitea.io/gitea',
    flags: ['-tags', 'sqlite sqlite_unlock_notify', '-ldflags', '-X main.Version=1.26.0'],
    needsC: true,
    keeps: ['templates', 'options', 'public'],
  },
];

/** Builds what the cache lacks, and tells for each server where it is or why it is not there. */
export function bringGoWrappers() {
  return WRAPPERS.map((wrapper) => {
    const { name, version } = wrapper;
    const path = join(cachedAt(name, version), name);
    const reason = isProgram(path) ? undefined : build(wrapper);
    return reason === undefined ? { name, version, path } : { name, reason };
  });
}

function build(wrapper) {
  const { name, target, flags = [], needsC = false, keeps = [] } = wrapper;
  if (needsC && findProgram('cc') === undefined) return 'there is no C compiler on this machine to build it';
  const source = join(dirname(fileURLToPath(import.meta.url)), name);
  return buildOnce(wrapper, ({ work, out, go }) => {
    cpSync(source, work, { recursive: true });
    const built = go(['build', ...flags, '-o', join(out, name), target], { CGO_ENABLED: needsC ? '1' : '0' });
    if (built.reason !== undefined || keeps.length === 0) return built.reason;
    const listed = go(['list', '-m', '-f', '{{.Dir}}', target]);
    if (listed.reason !== undefined) return listed.reason;
    for (const kept of keeps) cpSync(join(listed.said, kept), join(out, kept), { recursive: true });
    return undefined;
  });
}
