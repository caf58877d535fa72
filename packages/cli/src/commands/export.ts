import { parseManifest, parsePacks, planTransfer } from '@gapferry/bundle';
import { printable, type Run } from '@gapferry/core';
import { formatBytes } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';

export default class Export extends GapferryCommand<typeof Export> {
  static override summary = COMMANDS.export.summary;
  static override description =
    'The medium becomes a depot of its own (loose layout): every blob is an ordinary file that scanners can open. The release is written last, and everything is read back at the end. Other files on the medium are left alone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> depot --to /media/stick',
    '<%= config.bin %> <%= command.id %> depot#line-a/17 --to /media/stick',
  ];
  static override args = {
    release: Args.string({ description: 'DEPOT, DEPOT#CHANNEL or DEPOT#CHANNEL/NUMBER', default: 'depot' }),
  };
  static override flags = {
    to: Flags.string({ description: 'where the medium is mounted', required: true, helpValue: 'DIR' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { medium: from, address, shown } = await openPlace(parseReleasePlace(this.args.release));
    const files = await from.readRelease(address);
    const manifest = parseManifest(files.manifest, `manifest.json of ${shown}`);
    const packs =
      files.packs === undefined ? undefined : parsePacks(files.packs, manifest, `packs.json of ${shown}`);
    const [{ openDepot }, { lockDirectory }, { exportLoose }] = await Promise.all([
      import('@gapferry/depot'),
      import('@gapferry/ledger'),
      import('@gapferry/transfer'),
    ]);
    const lock = await lockDirectory(this.flags.to, `export ${shown}`, { clock: systemClock, run });
    try {
      const to = await openDepot(this.flags.to, { create: true, origin: 'medium' });
      const report = await exportLoose({ plan: planTransfer(address, manifest, packs), from, to }, run);
      return {
        json: { release: address, version: manifest.version, to: to.directory, ...report },
        text: textOf(manifest.version, shown, to.directory, report),
      };
    } finally {
      await lock.release();
    }
  }
}

type Report = Awaited<ReturnType<typeof import('@gapferry/transfer')['exportLoose']>>;

function textOf(
  version: string,
  shown: string,
  directory: string,
  { written, reused, cacheBypassed, foreign }: Report,
): string {
  return [
    `release ${version} (${shown}) is on ${directory}`,
    `wrote ${written.count} blob(s), ${formatBytes(written.bytes)}; ${reused.count} blob(s), ${formatBytes(reused.bytes)} were there`,
    cacheBypassed
      ? 'every blob was read back from the medium and is right'
      : 'every blob was read back and is right; the device itself could not be asked past the cache: unplug it, plug it in again and run "gapferry verify" for the proof',
    ...(foreign.length === 0
      ? []
      : [
          `left alone: ${foreign.length} other name(s) on the medium (${foreign.slice(0, 3).map(printable).join(', ')}${foreign.length > 3 ? ', …' : ''})`,
        ]),
  ].join('\n');
}
