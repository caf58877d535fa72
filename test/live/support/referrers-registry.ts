import { mkdir } from 'node:fs/promises';
import { temporaryDirectory } from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** The registry of go-containerregistry with the referrers API, on a free port of 127.0.0.1; blobs in a temporary directory, manifests in memory. */
export interface ReferrersRegistry extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `METHOD PATH STATUS …` of every request so far. */
  requests(): string[];
}

export async function startReferrersRegistry(): Promise<ReferrersRegistry> {
  const home = await temporaryDirectory();
  try {
    await mkdir(home.join('blobs'));
    const program = await startProgram(tool('referrers-registry'), [home.join('blobs')], {
      ready: /listening on 127\.0\.0\.1:(\d+)/,
      env: { PATH: process.env['PATH'], HOME: home.path },
    });
    const port = Number(program.ready[1]);
    return {
      port,
      host: `127.0.0.1:${port}`,
      requests: () =>
        program
          .output()
          .split('\n')
          .filter((line) => /^[A-Z]+ \//.test(line)),
      [Symbol.asyncDispose]: async () => {
        await program.stop();
        await home.remove();
      },
    };
  } catch (error) {
    await home.remove();
    throw error;
  }
}
