import { lstat } from 'node:fs/promises';
import { GapferryError } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { readEnvironment, readNamedFile } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { writeFileAtomically } from '../../write-file.ts';

export default class KeysGenerate extends GapferryCommand<typeof KeysGenerate> {
  static override summary = COMMANDS['keys generate'].summary;
  static override description =
    'Writes NAME.key (private, readable by you alone) and NAME.pub (public). An existing key is never overwritten.';
  static override examples = ['<%= config.bin %> <%= command.id %> keys/collector'];
  static override args = { name: Args.string({ description: 'path without ending', required: true }) };
  static override flags = {
    kind: Flags.option({
      options: ['p256', 'p384', 'ed25519'] as const,
      default: 'p256' as const,
      description: 'kind of key',
    })(),
    'passphrase-file': Flags.string({
      description: 'encrypt with the passphrase in this file (or in GAPFERRY_KEY_PASSPHRASE)',
      helpValue: 'FILE',
    }),
    plain: Flags.boolean({ description: 'do not ask for a passphrase: the file alone is enough to sign' }),
  };

  protected async perform(): Promise<Outcome> {
    const { generateKeyPair, keyFingerprint } = await import('@gapferry/signing');
    const [privateFile, publicFile] = [`${this.args.name}.key`, `${this.args.name}.pub`];
    await requireFree([privateFile, publicFile]);
    const passphrase = await this.#passphrase();
    const pair = generateKeyPair(this.flags.kind, passphrase);
    await writeFileAtomically(privateFile, pair.privatePem, { mode: 0o600, exclusive: true });
    await writeFileAtomically(publicFile, pair.publicPem, { exclusive: true });
    const { digest, digits } = keyFingerprint(pair.publicPem);
    return {
      json: {
        privateKey: privateFile,
        publicKey: publicFile,
        kind: this.flags.kind,
        encrypted: passphrase !== undefined,
        fingerprint: digest,
      },
      text: `wrote ${privateFile} (${passphrase === undefined ? 'not encrypted' : 'encrypted'}) and ${publicFile}\nfingerprint ${digits}`,
    };
  }

  async #passphrase(): Promise<string | undefined> {
    const file = this.flags['passphrase-file'];
    if (file !== undefined) return (await readNamedFile(file, 'the passphrase file')).replace(/\r?\n$/, '');
    const fromEnvironment = readEnvironment(process.env).keyPassphrase;
    if (fromEnvironment !== undefined) return fromEnvironment;
    if (this.flags.plain) return undefined;
    if (this.flags.json || process.stdin.isTTY !== true)
      throw new GapferryError({
        code: 'USAGE',
        message: 'no passphrase for the new key',
        hint: 'use --passphrase-file, set GAPFERRY_KEY_PASSPHRASE, or say --plain for a key without one',
      });
    const { askPassphrase } = await import('../../terminal/ask.ts');
    const first = await askPassphrase('Passphrase for the new key');
    if (first === (await askPassphrase('The same again'))) return first;
    throw new GapferryError({
      code: 'USAGE',
      message: 'the two passphrases differ',
      hint: 'nothing was written; run the command again',
    });
  }
}

/** Both or none: a private key beside the public key of another pair is a trap. */
async function requireFree(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const found = await lstat(file).catch(() => undefined);
    if (found !== undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: `${file} is there already`,
        hint: 'nothing was overwritten; choose another place, or move it away',
      });
  }
}
