import { Args } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { readNamedFile } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';

export default class KeysShow extends GapferryCommand<typeof KeysShow> {
  static override summary = COMMANDS['keys show'].summary;
  static override examples = ['<%= config.bin %> <%= command.id %> keys/collector.pub'];
  static override args = { file: Args.string({ description: 'public key', required: true }) };

  protected async perform(): Promise<Outcome> {
    const { keyFingerprint } = await import('@gapferry/signing');
    const { digest, digits, words } = keyFingerprint(await readNamedFile(this.args.file, 'the public key'));
    return {
      json: { file: this.args.file, fingerprint: digest, digits, words },
      text: `${this.args.file}\n${digits}\n${words}`,
    };
  }
}
