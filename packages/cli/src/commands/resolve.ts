import type { Run } from '@gapferry/core';
import { GapferryError } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { depotFlag } from '../depot-flag.ts';
import { readEnvironment } from '../environment.ts';
import { DIFFERS } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { withDemoHint } from '../outside/demo-hint.ts';
import { discoveredJson, discoveredLines } from '../outside/discovered-text.ts';
import { openScratchStore, type ScratchStore } from '../outside/open-scratch-store.ts';
import { openSources } from '../outside/open-sources.ts';
import { readBundle, writeLock } from '../outside/read-bundle.ts';
import { readValues } from '../outside/read-values.ts';

export default class Resolve extends GapferryCommand<typeof Resolve> {
  static override summary = COMMANDS.resolve.summary;
  static override description =
    'Asks upstream, finds the images that charts and repositories name, and writes bundle.lock.json beside bundle.yaml. With --check it writes nothing and exits 10 when upstream moved.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> bundles/line-a',
    '<%= config.bin %> <%= command.id %> bundles/line-a --check',
    '<%= config.bin %> <%= command.id %> bundles/line-a --accept tools/run',
  ];
  static override args = {
    bundle: Args.string({ description: 'bundle directory or bundle.yaml', required: true }),
  };
  static override flags = {
    check: Flags.boolean({ description: 'only tell what moved; exit 10 when something did' }),
    refresh: Flags.boolean({
      description:
        'look again for signatures, attestations and SBOMs, also where that was done in the last 24 hours',
    }),
    accept: Flags.string({
      description:
        'take a file as it is now, although it is another than when it was first seen; may be repeated',
      helpValue: 'NAME',
      multiple: true,
    }),
    depot: depotFlag(),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const bundle = await readBundle(this.args.bundle);
    if (this.flags.check && bundle.lock === undefined)
      throw new GapferryError({
        code: 'LOCK_STALE',
        message: `there is no ${bundle.lockFile} to check`,
        hint: 'run resolve without --check first',
      });
    const values = await readValues(bundle);
    const sources = await openSources(
      readEnvironment(process.env),
      { ...bundle, accepted: this.flags.accept ?? [] },
      this.flags.depot,
      this.flags.refresh,
    );
    let scratch: ScratchStore | undefined;
    try {
      scratch = await openScratchStore();
      const { driftOf } = await import('@gapferry/collector');
      const discovery = { ...sources.discovering, values, store: scratch.store };
      const report = await driftOf(bundle.config, bundle.lock, sources, run, discovery);
      const { drift, lock } = report;
      const lines = drift.map(({ change, kind, id }) => `${change.padEnd(7)} ${kind} ${id}`);
      if (this.flags.check) {
        const text = drift.length === 0 ? `${bundle.lockFile} is up to date` : lines.join('\n');
        return {
          json: { lockFile: bundle.lockFile, drift, ...discoveredJson(report) },
          text,
          exitCode: drift.length === 0 ? 0 : DIFFERS,
        };
      }
      const written = await writeLock(bundle, lock);
      const summary =
        written === 'same'
          ? `${bundle.lockFile} is up to date`
          : `wrote ${bundle.lockFile}: ${lock.pins.length} pin(s)`;
      return {
        json: {
          lockFile: bundle.lockFile,
          written: written === 'written',
          drift,
          pins: lock.pins.length,
          ...discoveredJson(report),
        },
        text: [...lines, ...discoveredLines(report, this.args.bundle), summary].join('\n'),
      };
    } catch (error) {
      throw withDemoHint(error);
    } finally {
      await sources.close();
      await scratch?.close();
    }
  }
}
