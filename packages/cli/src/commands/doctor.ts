import { printable } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { checkMachine, type Finding } from '../doctor/check-machine.ts';
import { readEnvironment } from '../environment.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';

const SIGNS = { good: 'ok  ', advice: 'note', bad: 'bad ' } as const;

export default class Doctor extends GapferryCommand<typeof Doctor> {
  static override summary = COMMANDS.doctor.summary;
  static override description =
    'Looks at what gapferry needs here and says what to do about what is missing. Connects to nothing.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  protected async perform(): Promise<Outcome> {
    const findings = await checkMachine(readEnvironment(process.env), systemClock);
    const bad = findings.some((finding) => finding.state === 'bad');
    return { json: { findings }, text: findings.map(line).join('\n'), exitCode: bad ? 2 : 0 };
  }
}

function line({ state, what, detail, remedy }: Finding): string {
  const first = `${SIGNS[state]}  ${what}: ${printable(detail)}`;
  return remedy === undefined ? first : `${first}\n      ${printable(remedy)}`;
}
