import { Args } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { readNamedFile } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { withKeyFile } from '../../with-key-file.ts';

export default class KeysShow extends GapferryCommand<typeof KeysShow> {
  static override summary = COMMANDS['keys show'].summary;
  static override examples = ['<%= config.bin %> <%= command.id %> keys/collector.pub'];
  static override args = { file: Args.string({ description: 'public key', required: true }) };

  protected async perform(): Promise<Outcome> {
    const { keyFingerprint } = await import('@gapferry/signing');
    const pem = await readNamedFile(this.args.file, 'the public key');
    const { digest, digits, words } = this.#named(() => keyFingerprint(pem));
    return {
      json: { file: this.args.file, fingerprint: digest, digits, words },
      text: `${this.args.file}\n${digits}\n${words}`,
    };
  }

  #named<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw withKeyFile(error, this.args.file);
    }
  }
}
