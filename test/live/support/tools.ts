import { readFileSync } from 'node:fs';
import { which } from '@gapferry/testkit';

/** What scripts/live/install.mjs reported. */
interface LiveTool {
  readonly name: string;
  readonly path?: string;
  readonly version?: string;
  readonly reason?: string;
}

const REPORT = new URL('../../../reports/live-tools.json', import.meta.url);
const reported = readReport();

/** The program's absolute path: the one the install script brought, or one on PATH. Throws when there is none: ask `lacks` first. */
export function tool(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new Error(`${name}: ${whyMissing(name)}`);
  return path;
}

/** For `describe.skipIf`: true, and the reason is printed, when one of the programs is not there. */
export function lacks(...names: readonly string[]): boolean {
  const missing = names.filter((name) => findTool(name) === undefined);
  for (const name of missing) process.stderr.write(`skipped: needs ${name}: ${whyMissing(name)}\n`);
  return missing.length > 0;
}

/** As `tool`, but undefined when there is none. */
export function findTool(name: string): string | undefined {
  return reported.get(name)?.path ?? which(name);
}

/** Why there is none. */
export function whyMissing(name: string): string {
  return reported.get(name)?.reason ?? 'not on PATH, and scripts/live/install.mjs has not run';
}

function readReport(): Map<string, LiveTool> {
  try {
    const { tools } = JSON.parse(readFileSync(REPORT, 'utf8')) as { tools: LiveTool[] };
    return new Map(tools.map((found) => [found.name, found]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}
