import { mkdir, writeFile } from 'node:fs/promises';
import { generateKeyPair } from '@gapferry/signing';
import { type ProcessOptions, type ProcessResult, temporaryDirectory } from '@gapferry/testkit';
import { gapferry, gapferryJson, type Machine, type Reported } from './command-line.ts';

type Environment = Readonly<Record<string, string>>;

/** The connected side alone: a key, one bundle and a depot, in a directory of their own. */
export interface StagingHost {
  readonly machine: Machine;
  /** Absolute path below the host's directory. */
  path(...parts: readonly string[]): string;
  /** Writes `bundles/line-a/bundle.yaml`; format, name and platform are given. */
  want(wishes: string): Promise<void>;
  /** Collects and returns what `--json` printed; the exit code must be this one. */
  collect(exitCode: number, flags?: readonly string[], environment?: Environment): Promise<Reported>;
  /** Collects as an operator reads it, or until something interrupts it. */
  start(flags?: readonly string[], options?: Omit<ProcessOptions, 'env' | 'cwd'>): Promise<ProcessResult>;
  close(): Promise<void>;
}

export async function makeStagingHost(environment: Environment = {}): Promise<StagingHost> {
  const home = await temporaryDirectory();
  const machine: Machine = { directory: home.path, environment };
  await mkdir(home.join('keys'));
  await mkdir(home.join('bundles/line-a'), { recursive: true });
  await writeFile(home.join('keys/collector.key'), generateKeyPair().privatePem, { mode: 0o600 });
  const collect = ['collect', 'bundles/line-a'];
  return {
    machine,
    path: (...parts) => home.join(...parts),
    want: (wishes) =>
      writeFile(
        home.join('bundles/line-a/bundle.yaml'),
        `format: gapferry.bundle/1\nname: line-a\nplatforms: [linux/amd64]\n${wishes}`,
      ),
    collect: (exitCode, flags = ['--first'], more = {}) =>
      gapferryJson(
        { ...machine, environment: { ...environment, ...more } },
        [...collect, ...flags],
        exitCode,
      ),
    start: (flags = ['--first'], options = {}) => gapferry(machine, [...collect, ...flags], options),
    close: () => home.remove(),
  };
}
