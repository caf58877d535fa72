import { diffManifests } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { formatDiff, toDiffJson, withCommitCounts } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { commitCounter } from '../count-commits.ts';
import { DIFFERS } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { openPlace } from '../open-place.ts';
import { readDiffSide } from '../read-diff-side.ts';
import { parseReleasePlace } from '../release-place.ts';

export default class Diff extends GapferryCommand<typeof Diff> {
  static override summary = COMMANDS.diff.summary;
  static override description =
    'Moved tags, new versions, Git refs with their commits, files and sizes. Reads both releases as they are, without verifying them; use verify for that.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> depot#line-a/16 depot#line-a/17',
    '<%= config.bin %> <%= command.id %> depot /media/stick --exit-code',
  ];
  static override args = {
    from: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER', required: true }),
    to: Args.string({ description: 'the same, for the later release', required: true }),
  };
  static override flags = {
    format: Flags.option({
      options: ['text', 'json'] as const,
      default: 'text' as const,
      description: 'how to print it',
    })(),
    'exit-code': Flags.boolean({ description: 'exit 10 when something differs' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const [from, to] = [
      await openPlace(parseReleasePlace(this.args.from)),
      await openPlace(parseReleasePlace(this.args.to)),
    ];
    const [a, b] = [await readDiffSide(from, run), await readDiffSide(to, run)];
    const counter = await commitCounter(
      [
        { ...a, medium: from.medium },
        { ...b, medium: to.medium },
      ],
      run,
    );
    const diff = await withCommitCounts(diffManifests(a, b), counter.count).finally(() => counter.close());
    const exitCode = this.flags['exit-code'] && diff.changes.length > 0 ? DIFFERS : 0;
    const json = toDiffJson(diff);
    return {
      json: { from: from.shown, to: to.shown, diff: json },
      text: this.flags.format === 'json' ? JSON.stringify(json, undefined, 2) : formatDiff(diff),
      exitCode,
    };
  }
}
