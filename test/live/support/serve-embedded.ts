import { gapferryCommand, type Machine } from '../../support/command-line.ts';
import { startProgram } from './start-program.ts';

/** `gapferry serve` over an embedded depot, until it is disposed of. */
export interface ServedDepot extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

export async function serveEmbedded(machine: Machine, directory = 'site/embedded'): Promise<ServedDepot> {
  const { program, argv, cwd, env } = gapferryCommand(machine, ['serve', directory, '--port', '0']);
  const served = await startProgram(program, argv, { cwd, env, ready: /serving .* at (https?:\/\/(\S+))/ });
  const [, url = '', host = ''] = served.ready;
  return { url, host, [Symbol.asyncDispose]: served.stop };
}
