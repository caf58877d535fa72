import { gapferryCommand, type Machine } from '../../support/command-line.ts';
import { startProgram } from './start-program.ts';

/** `gapferry serve` over an embedded depot, until it is disposed of. */
export interface ServedDepot extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

export async function serveEmbedded(machine: Machine, flags: readonly string[] = []): Promise<ServedDepot> {
  const args = ['serve', 'site/embedded', '--port', '0', ...flags];
  const { program, argv, cwd, env } = gapferryCommand(machine, args);
  const served = await startProgram(program, argv, { cwd, env, ready: /serving .* at (https?:\/\/(\S+))/ });
  const [, url = '', host = ''] = served.ready;
  return { url, host, [Symbol.asyncDispose]: served.stop };
}
