import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, isGapferryError, shortDigest } from '@gapferry/core';
import { Args } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { reasonOf } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';

interface ListedKey {
  readonly file: string;
  readonly fingerprint: string;
  readonly hasPrivate: boolean;
}

export default class KeysList extends GapferryCommand<typeof KeysList> {
  static override summary = COMMANDS['keys list'].summary;
  static override examples = ['<%= config.bin %> <%= command.id %> keys'];
  static override args = { directory: Args.string({ description: 'directory', default: 'keys' }) };

  protected async perform(): Promise<Outcome> {
    const names = await readdir(this.args.directory).catch((cause) => {
      throw new GapferryError({
        code: 'USAGE',
        message: `cannot list ${this.args.directory}: ${reasonOf(cause)}`,
        hint: 'name the directory that holds the keys',
        cause,
      });
    });
    const keys = await Promise.all(
      names
        .filter((name) => name.endsWith('.pub'))
        .sort()
        .map((name) => this.#listed(name, names)),
    );
    const lines = keys.map(
      ({ file, fingerprint, hasPrivate }) =>
        `${file}  ${fingerprint}${hasPrivate ? '  private key here' : ''}`,
    );
    return {
      json: { directory: this.args.directory, keys },
      text: lines.length === 0 ? `no public keys in ${this.args.directory}` : lines.join('\n'),
    };
  }

  async #listed(name: string, names: readonly string[]): Promise<ListedKey> {
    const { keyFingerprint } = await import('@gapferry/signing');
    const pem = await readFile(join(this.args.directory, name), 'utf8');
    const hasPrivate = names.includes(name.replace(/\.pub$/, '.key'));
    try {
      return { file: name, fingerprint: shortDigest(keyFingerprint(pem).digest), hasPrivate };
    } catch (error) {
      if (isGapferryError(error)) return { file: name, fingerprint: 'not a usable public key', hasPrivate };
      throw error;
    }
  }
}
