import type { ImportPlan } from '@gapferry/bundle';
import { GapferryError } from '@gapferry/core';
import { contentLines, formatImportPlan } from '@gapferry/report';
import { systemClock } from '../clock.ts';

/** How a command that changes targets is answered. */
export interface Confirmation {
  /** The command line said so already, or an approved plan did. */
  readonly yes: boolean;
  /** Nobody reads a question. */
  readonly json: boolean;
  /** What is asked, below the plan: `Load this release?`. */
  readonly question: string;
  /** Of the command that asks; `import` unless given. */
  readonly command?: string;
  /** Lines below the plan. */
  readonly more?: readonly string[];
  say(text: string): void;
}

/** Shows the plan and asks on a terminal; elsewhere the command line itself is the decision, only with --yes. Asks nothing where nothing would change. Throws `USAGE` where it cannot ask, `INTERRUPTED` where the answer is no. */
export async function confirmImport(plan: ImportPlan, given: Confirmation): Promise<void> {
  if (given.yes || plan.totals.toLoad === 0) return;
  if (given.json || process.stdin.isTTY !== true) throw cannotAsk(given.command ?? 'import');
  const { manifest } = plan.release.opened;
  given.say(
    [formatImportPlan(plan), ...contentLines(manifest, systemClock.now()), ...(given.more ?? [])].join('\n'),
  );
  const { askYesNo } = await import('../terminal/ask.ts');
  if (await askYesNo(given.question)) return;
  throw new GapferryError({
    code: 'INTERRUPTED',
    message: 'not loaded, as you said',
    hint: 'nothing was changed',
  });
}

function cannotAsk(command: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `${command} changes the targets and cannot ask here`,
    hint:
      command === 'import'
        ? 'look at "gapferry plan" and run the import with --yes'
        : `run "gapferry ${command}" with --yes`,
  });
}
