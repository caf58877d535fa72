import { formatReleaseAddress } from '@gapferry/core';
import { formatBytes } from '@gapferry/report';
import { Args } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { summarizeRelease } from '../../summarize-release.ts';

export default class DepotLs extends GapferryCommand<typeof DepotLs> {
  static override summary = COMMANDS['depot ls'].summary;
  static override description =
    'Reads only, and believes nothing: what is listed here has not been verified.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> depot',
    '<%= config.bin %> <%= command.id %> /media/stick',
  ];
  static override args = { depot: Args.string({ description: 'depot or medium', default: 'depot' }) };

  protected async perform(): Promise<Outcome> {
    const { openDepot } = await import('@gapferry/depot');
    const depot = await openDepot(this.args.depot, { readOnly: true });
    const addresses = await depot.listReleases();
    const releases = await Promise.all(addresses.map((address) => summarizeRelease(depot, address)));
    const usage = await depot.usage();
    const lines = releases.map(({ address, version, items, bytes, trouble }) =>
      trouble === undefined
        ? `${formatReleaseAddress(address)}  ${version}  ${items} item(s)  ${formatBytes(bytes)}`
        : `${formatReleaseAddress(address)}  ${trouble}`,
    );
    const total = `${usage.blobs.count} blob(s), ${formatBytes(usage.blobs.bytes)}`;
    return {
      json: { directory: depot.directory, releases, usage },
      text: [...(lines.length === 0 ? ['no releases'] : lines), total].join('\n'),
    };
  }
}
