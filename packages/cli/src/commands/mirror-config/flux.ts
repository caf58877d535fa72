import type { Run } from '@gapferry/core';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { gitConsumerFlags, writeForGitConsumer } from '../../inside/git-consumer-command.ts';

export default class MirrorConfigFlux extends GapferryCommand<typeof MirrorConfigFlux> {
  static override summary = COMMANDS['mirror-config flux'].summary;
  static override description =
    'Writes, for each imported repository, a GitRepository of Flux that is pinned to the imported commit. Credentials for the cluster are none of it, and nothing is sent anywhere.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --stdout',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --release /media/stick -o consumers',
  ];
  static override flags = gitConsumerFlags;

  protected async perform(run: Run): Promise<Outcome> {
    const { fluxManifests } = await import('@gapferry/targets');
    const next = 'kubectl apply -f FILE';
    return await writeForGitConsumer(this.flags, { file: 'flux.yaml', next, format: fluxManifests }, run);
  }
}
