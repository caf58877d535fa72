import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import {
  type ProcessResult,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { COMPILE_CACHE, PROGRAM } from '../support/command-line.ts';
import { bundleOfEverything, startUpstream, type Upstream } from '../support/upstream.ts';

/** Where an operator sits: a shell in an empty home with `gapferry` and `node` on its PATH, and an upstream in reach. */
export interface Desk {
  /** Runs one line in the shell; `upstream changes` is understood besides. */
  type(command: string): Promise<ProcessResult>;
  readonly home: TemporaryDirectory;
  close(): Promise<void>;
}

/** `everything.yaml` in the home is a bundle of one of everything that the upstream has. */
export async function openDesk(): Promise<Desk> {
  const root = await temporaryDirectory();
  const [home, bin] = [root.join('home'), root.join('bin')];
  await mkdir(home);
  await mkdir(bin);
  await writeFile(`${bin}/gapferry`, `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  await chmod(`${bin}/gapferry`, 0o755);
  await symlink(process.execPath, `${bin}/node`);
  await writeFile(`${home}/everything.yaml`, bundleOfEverything());
  const upstream = await startUpstream(root.join('upstream'));
  return {
    home: root,
    type: (command) => type(command, home, bin, upstream),
    close: async () => {
      await upstream.close();
      await root.remove();
    },
  };
}

async function type(command: string, home: string, bin: string, upstream: Upstream): Promise<ProcessResult> {
  if (command === 'upstream changes') {
    await upstream.change();
    return { code: 0, signal: null, stdout: '', stderr: '' };
  }
  return runProcess('sh', ['-c', command], {
    cwd: home,
    env: {
      PATH: `${bin}:${process.env['PATH']}`,
      HOME: home,
      LC_ALL: 'C',
      TMPDIR: process.env['TMPDIR'],
      COLUMNS: '100',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...upstream.environment,
    },
  });
}
