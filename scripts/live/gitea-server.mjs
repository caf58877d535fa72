import { copyFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, isProgram } from './find-program.mjs';
import { buildOnce, cachedAt } from './go-build.mjs';

/** As `gitea/go.mod` says: its own `replace` lines count only in the main module, so it is built through one of ours. */
const GITEA = { name: 'gitea', version: 'v1.26.0', limitMinutes: 20 };
const MODULE = 'code.gitea.io/gitea';
const WRAPPER = join(dirname(fileURLToPath(import.meta.url)), 'gitea');
/** What it reads at run time (`STATIC_ROOT_PATH`), kept beside the program: a module cache may be cleaned. */
const STATIC = ['templates', 'options', 'public'];

/** Builds Gitea when the cache lacks it, and tells where it is or why it is not there. */
export function bringGitea() {
  const { name, version } = GITEA;
  const path = join(cachedAt(name, version), 'gitea');
  const reason = isProgram(path) ? undefined : build();
  return reason === undefined ? { name, version, path } : { name, reason };
}

function build() {
  if (findProgram('cc') === undefined) return 'there is no C compiler on this machine to build it';
  return buildOnce(GITEA, ({ work, out, go }) => {
    for (const file of ['go.mod', 'go.sum']) copyFileSync(join(WRAPPER, file), join(work, file));
    const flags = [
      '-tags',
      'sqlite sqlite_unlock_notify',
      '-ldflags',
      `-X main.Version=${GITEA.version.slice(1)}`,
    ];
    const built = go(['build', ...flags, '-o', join(out, 'gitea'), MODULE], { CGO_ENABLED: '1' });
    if (built.reason !== undefined) return built.reason;
    const listed = go(['list', '-m', '-f', '{{.Dir}}', MODULE]);
    if (listed.reason !== undefined) return listed.reason;
    for (const name of STATIC) cpSync(join(listed.said, name), join(out, name), { recursive: true });
    return undefined;
  });
}
