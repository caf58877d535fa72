import type { Run } from '@gapferry/core';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { gitConsumerFlags, writeForGitConsumer } from '../../inside/git-consumer-command.ts';

export default class MirrorConfigArgoCd extends GapferryCommand<typeof MirrorConfigArgoCd> {
  static override summary = COMMANDS['mirror-config argo-cd'].summary;
  static override description =
    'Writes, for each imported repository, a declarative repository of Argo CD and an Application that is pinned to the imported commit. Credentials for the cluster are none of it, and nothing is sent anywhere.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --stdout',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --release /media/stick -o consumers',
  ];
  static override flags = gitConsumerFlags;

  protected async perform(run: Run): Promise<Outcome> {
    const { argoCdManifests } = await import('@gapferry/targets');
    const next = 'set path and destination of each Application, then kubectl apply -f FILE';
    return await writeForGitConsumer(
      this.flags,
      { file: 'argo-cd.yaml', next, format: argoCdManifests },
      run,
    );
  }
}
