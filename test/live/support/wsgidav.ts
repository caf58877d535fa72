import { mkdir, writeFile } from 'node:fs/promises';
import { freePort, temporaryDirectory } from '@gapferry/testkit';
import type { DavDisk, DavServer } from './nginx-dav.ts';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** wsgidav on cheroot: class 1 and 2 of RFC 4918, with OPTIONS, locks and ETags. */
export async function startWsgidav(
  user: { readonly username: string; readonly password: string },
  place?: DavDisk,
): Promise<DavServer> {
  const home = await temporaryDirectory();
  const root = place?.root ?? home.join('files');
  try {
    await mkdir(root, { recursive: true });
    const port = await freePort();
    const users = { [user.username]: { password: user.password } };
    const configuration = {
      host: '127.0.0.1',
      port,
      provider_mapping: { '/': root },
      http_authenticator: { accept_basic: true, accept_digest: false, default_to_digest: false },
      simple_dc: { user_mapping: { '*': users } },
      verbose: 3,
    };
    await writeFile(home.join('wsgidav.json'), JSON.stringify(configuration));
    const [first = '', ...args] = [
      ...(place?.before ?? []),
      tool('wsgidav'),
      ...['-c', 'from wsgidav.server.server_cli import run; run()', '--config', home.join('wsgidav.json')],
    ];
    const program = await startProgram(first, args, {
      ready: /Serving on http/,
      env: { PATH: process.env['PATH'], HOME: home.path, PYTHONUNBUFFERED: '1' },
    });
    return {
      url: `http://127.0.0.1:${port}`,
      host: `127.0.0.1:${port}`,
      root,
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
