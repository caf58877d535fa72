import type { Run } from '@gapferry/core';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { gitConsumerFlags, writeForGitConsumer } from '../../inside/git-consumer-command.ts';

export default class MirrorConfigGit extends GapferryCommand<typeof MirrorConfigGit> {
  static override summary = COMMANDS['mirror-config git'].summary;
  static override description =
    "Writes git configuration (insteadOf) that leads clones, fetches and submodules of upstream's addresses to the repositories inside. Commits and their .gitmodules stay what they are. With --release also relative URLs of submodules, where a Git host lays repositories out otherwise. Nothing is sent anywhere.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --stdout',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --release /media/stick -o consumers',
  ];
  static override flags = gitConsumerFlags;

  protected async perform(run: Run): Promise<Outcome> {
    const { gitRewrites } = await import('@gapferry/targets');
    const next = 'include it with "git config --global include.path FILE"';
    return await writeForGitConsumer(this.flags, { file: 'gitconfig', next, format: gitRewrites }, run);
  }
}
