import { freePort, temporaryDirectory } from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** moto's S3 server on a free port of 127.0.0.1, with everything in memory: it takes any credentials. */
export async function startMoto(): Promise<
  AsyncDisposable & { readonly url: string; readonly host: string }
> {
  const home = await temporaryDirectory();
  const port = await freePort();
  const program = await startProgram(
    tool('moto'),
    ['-c', 'from moto.server import main; main()', '-H', '127.0.0.1', '-p', String(port)],
    { ready: /Running on http/, env: { PATH: process.env['PATH'], HOME: home.path } },
  ).catch(async (error: unknown) => {
    await home.remove();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      await program.stop();
      await home.remove();
    },
  };
}
