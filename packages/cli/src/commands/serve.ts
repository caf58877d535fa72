import { once } from 'node:events';
import { GapferryError, printable, type Run } from '@gapferry/core';
import type { BasicAuth, Served } from '@gapferry/serve';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { childEnvironment, readNamedFile } from '../environment.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';

export default class Serve extends GapferryCommand<typeof Serve> {
  static override summary = COMMANDS.serve.summary;
  static override description =
    'An OCI registry under /v2/, Git under /git/ and files under /files/: what was imported can be used at once. Stops with Ctrl-C.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> site/embedded',
    '<%= config.bin %> <%= command.id %> site/embedded --host 0.0.0.0 --port 5000 --tls-cert cert.pem --tls-key key.pem',
  ];
  static override args = {
    depot: Args.string({ description: 'directory of the embedded depot', required: true }),
  };
  static override flags = {
    host: Flags.string({ description: 'address to listen on', default: '127.0.0.1', helpValue: 'ADDRESS' }),
    port: Flags.integer({
      description: 'port; 0 takes any free one',
      default: 5000,
      min: 0,
      max: 65535,
      helpValue: 'PORT',
    }),
    'tls-cert': Flags.string({
      description: 'certificate chain (PEM)',
      dependsOn: ['tls-key'],
      helpValue: 'FILE',
    }),
    'tls-key': Flags.string({
      description: 'private key of the certificate (PEM)',
      dependsOn: ['tls-cert'],
      helpValue: 'FILE',
    }),
    'auth-file': Flags.string({
      description: 'file with one line user:password that every request must give',
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const [{ openDepot }, { serveDepot }, { embeddedRoots }] = await Promise.all([
      import('@gapferry/depot'),
      import('@gapferry/serve'),
      import('@gapferry/targets'),
    ]);
    const store = await openDepot(this.args.depot, { readOnly: true, origin: 'target' });
    const roots = embeddedRoots(store.directory);
    const { PATH: path } = childEnvironment();
    const options = {
      host: this.flags.host,
      port: this.flags.port,
      git: path === undefined ? {} : { path },
    };
    const served = await serveDepot(
      { store, gitRoot: roots.git, filesRoot: roots.files, lfsListing: roots.lfsListing },
      { ...options, ...(await this.#tls()), ...(await this.#auth()) },
      run,
    );
    this.#announce(served, store.directory);
    if (!run.signal.aborted) await Promise.race([once(run.signal, 'abort'), served.closed]);
    await served.closed;
    return { json: { stopped: true } };
  }

  /** Said at once, because the result of this command is only its end. */
  #announce({ url, port }: Served, directory: string): void {
    if (this.flags.json)
      this.output.out(JSON.stringify({ ok: true, command: 'serve', url, port, directory }));
    else this.output.out(`serving ${printable(directory)} at ${url}`);
  }

  async #tls(): Promise<{ tls: { key: string; cert: string } } | undefined> {
    const { 'tls-cert': cert, 'tls-key': key } = this.flags;
    if (cert === undefined || key === undefined) return undefined;
    return {
      tls: {
        cert: await readNamedFile(cert, 'the certificate'),
        key: await readNamedFile(key, 'the key of the certificate'),
      },
    };
  }

  async #auth(): Promise<{ basicAuth: BasicAuth } | undefined> {
    const file = this.flags['auth-file'];
    if (file === undefined) return undefined;
    const [username = '', ...rest] = (await readNamedFile(file, 'the file with user and password'))
      .replace(/\r?\n[\s\S]*$/, '')
      .split(':');
    if (username === '' || rest.length === 0)
      throw new GapferryError({
        code: 'USAGE',
        message: `${file} does not hold user:password`,
        hint: 'write one line: the user, a colon, the password',
      });
    return { basicAuth: { username, password: rest.join(':') } };
  }
}
