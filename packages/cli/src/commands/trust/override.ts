import { basename } from 'node:path';
import { encodeOverride, type OverridePredicate, PAYLOAD_TYPE, parseOverride } from '@gapferry/bundle';
import { digestOf, GapferryError, type Run, shortDigest } from '@gapferry/core';
import { Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { readEnvironment } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { describeOrder, outlookJson, outlookLines } from '../../inside/describe-order.ts';
import { openTrustedSite, type TrustedSite } from '../../inside/open-site.ts';
import { orderOutlook } from '../../inside/order-outlook.ts';
import { draftOverride } from '../../inside/override-draft.ts';
import { readSignedFile, type SignedFile } from '../../inside/signed-payload.ts';
import { openSigner } from '../../outside/private-key.ts';
import { writeFileAtomically } from '../../write-file.ts';

export default class TrustOverride extends GapferryCommand<typeof TrustOverride> {
  static override summary = COMMANDS['trust override'].summary;
  static override description =
    'An override holds for one step of one site: from the release at its mark to one older release, until a date, once. Who may sign it, and how many must, is in `overrides` of the channel in the trust policy. Another person signs the same order with --add; `import --to` takes all the files. With --site its releases are named by their numbers, and it is told whether the site would accept the order as it is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --to line-a/16 --reason "17 loses messages (INC-4711)" --not-after 2026-12-01 --key keys/anna.key',
    '<%= config.bin %> <%= command.id %> --add override.sigstore.json --key keys/boris.key --site site/site.yaml',
  ];
  static override flags = {
    site: Flags.string({ description: 'site file', env: 'GAPFERRY_SITE', helpValue: 'FILE' }),
    for: Flags.string({ description: 'name of the site, where its file is not at hand', helpValue: 'SITE' }),
    to: Flags.string({ description: 'the older release', helpValue: 'CHANNEL/NUMBER|CHANNEL@sha256:…' }),
    from: Flags.string({ description: "instead of the release at the site's mark", helpValue: 'sha256:…' }),
    reason: Flags.string({ description: 'why, for record and ledger: one line', helpValue: 'TEXT' }),
    'not-after': Flags.string({ description: 'last day, or moment, to begin', helpValue: 'DATE' }),
    add: Flags.string({ description: 'sign the order in this file as well', helpValue: 'FILE' }),
    key: Flags.string({ description: 'private key to sign with', required: true, helpValue: 'FILE' }),
    'passphrase-file': Flags.string({
      description: 'passphrase of the key (or set GAPFERRY_KEY_PASSPHRASE)',
      helpValue: 'FILE',
    }),
    output: Flags.string({ char: 'o', description: 'file to write', helpValue: 'FILE' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { add, key, site: siteFile, for: siteName } = this.flags;
    const site =
      siteFile === undefined || siteName !== undefined ? undefined : await openTrustedSite(siteFile);
    const added = add === undefined ? undefined : await this.#sameOrder(add);
    const bytes = added?.payload ?? encodeOverride(await this.#draft(site));
    const override = parseOverride(bytes);
    const outlook = site === undefined ? undefined : await orderOutlook(site, override, systemClock);
    this.say(describeOrder(override, outlook));
    const mayAsk = !this.flags.json && process.stdin.isTTY === true;
    const passphraseFile = this.flags['passphrase-file'];
    const signer = await openSigner(key, readEnvironment(process.env), passphraseFile, mayAsk);
    const file = this.flags.output ?? nameOf(add, key);
    const signed = await signer.sign({ type: PAYLOAD_TYPE, bytes }, run);
    await writeFileAtomically(file, signed, { exclusive: true });
    const files = [...(add === undefined ? [] : [add]), file];
    const refusal = await outlook?.judge([...(added === undefined ? [] : [added.bundle]), signed]);
    const statement = digestOf(bytes);
    return {
      json: { file, statement, ...override, ...(outlook !== undefined && outlookJson(outlook, refusal)) },
      text: [
        `signed override ${shortDigest(statement)}: ${file}`,
        ...(outlook === undefined ? [] : outlookLines(override, outlook, refusal, files, siteFile ?? '')),
      ].join('\n'),
    };
  }

  async #draft(site: TrustedSite | undefined): Promise<OverridePredicate> {
    const { to, from, reason, 'not-after': notAfter, for: siteName } = this.flags;
    const missing = Object.entries({ to, reason, 'not-after': notAfter }).flatMap(([flag, value]) =>
      value === undefined ? [`--${flag}`] : [],
    );
    if (to === undefined || reason === undefined || notAfter === undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: `a new override needs ${missing.join(', ')}`,
        hint: 'give what is missing, or sign an order that is there with --add FILE',
      });
    return await draftOverride({ to, from, reason, notAfter, site, siteName }, systemClock.now());
  }

  /** Whoever signs sees what; nothing of it can be changed. */
  async #sameOrder(file: string): Promise<SignedFile> {
    const { to, from, reason, 'not-after': notAfter, for: siteName } = this.flags;
    if ([to, from, reason, notAfter, siteName].some((one) => one !== undefined))
      throw new GapferryError({
        code: 'USAGE',
        message: 'an order that somebody signed is signed as it is',
        hint: 'give --add and --key alone, or make a new override without --add',
      });
    const signed = await readSignedFile(file, 'the override');
    parseOverride(signed.payload, file);
    return signed;
  }
}

function nameOf(added: string | undefined, key: string): string {
  if (added === undefined) return 'override.sigstore.json';
  const who = basename(key).replace(/\.key$/, '');
  return `${added.replace(/\.sigstore\.json$/, '')}.${who}.sigstore.json`;
}
