import { join, relative } from 'node:path';
import { parseBundleConfig, parseSiteConfig, parseTrustPolicy } from '@gapferry/bundle';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { bundleYaml, GITIGNORE, type InitAnswers, siteYaml, trustYaml } from '../init/templates.ts';
import { writeFileAtomically } from '../write-file.ts';

interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

export default class Init extends GapferryCommand<typeof Init> {
  static override summary = COMMANDS.init.summary;
  static override description =
    'Everything that a first collect and a first import need. Files that are there already are never overwritten.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-zone --bundle line-a --site plant-7 --image docker.io/library/nginx:1.27',
  ];
  static override args = { directory: Args.string({ description: 'where to write', default: '.' }) };
  static override flags = {
    bundle: Flags.string({ description: 'name of the bundle', helpValue: 'NAME' }),
    site: Flags.string({ description: 'name of the isolated site', helpValue: 'NAME' }),
    owner: Flags.string({ description: 'who collects: a person or team', helpValue: 'NAME' }),
    image: Flags.string({ description: 'an image to begin with', multiple: true, helpValue: 'REF' }),
    git: Flags.string({ description: 'a Git repository to begin with', multiple: true, helpValue: 'URL' }),
  };

  protected async perform(): Promise<Outcome> {
    const answers = await this.#answers();
    const files = await this.#files(answers);
    await this.#check(answers);
    const { access } = await import('node:fs/promises');
    const there = await Promise.all(
      files.map((file) =>
        access(file.path).then(
          () => file.path,
          () => undefined,
        ),
      ),
    );
    const taken = there.filter((path) => path !== undefined);
    if (taken.length > 0) await this.#refuse(taken);
    for (const { path, content, mode } of files)
      await writeFileAtomically(path, content, { exclusive: true, ...(mode !== undefined && { mode }) });
    const paths = files.map((file) => file.path);
    return {
      json: { bundle: answers.bundle, site: answers.site, files: paths },
      text: this.#nextSteps(answers, paths),
    };
  }

  async #answers(): Promise<InitAnswers> {
    const { flags } = this;
    const ask = !flags.json && process.stdin.isTTY === true && process.stderr.isTTY === true;
    const answer = async (given: string | undefined, question: string, fallback: string): Promise<string> => {
      if (given !== undefined || !ask) return given ?? fallback;
      const { askText } = await import('../terminal/ask.ts');
      return askText(question, fallback);
    };
    const bundle = await answer(flags.bundle, 'Name of the bundle', 'my-bundle');
    const site = await answer(flags.site, 'Name of the isolated site', 'my-site');
    const owner = await answer(flags.owner, 'Who collects (person or team)', 'staging-team');
    const nothing = flags.image === undefined && flags.git === undefined;
    const first = nothing
      ? [await answer(undefined, 'An image to begin with', 'docker.io/library/busybox:1.37')]
      : [];
    return { bundle, site, owner, images: flags.image ?? first, git: flags.git ?? [] };
  }

  /** What is written must be what the other commands accept. */
  async #check(answers: InitAnswers): Promise<void> {
    const { normalizeGitUrl } = await import('@gapferry/git');
    parseBundleConfig(bundleYaml(answers), 'bundle.yaml', normalizeGitUrl);
    parseSiteConfig(siteYaml(answers), 'site.yaml');
    parseTrustPolicy(trustYaml(answers), 'trust.yaml');
  }

  async #files(answers: InitAnswers): Promise<NewFile[]> {
    const { generateKeyPair } = await import('@gapferry/signing');
    const [collector, site] = [generateKeyPair(), generateKeyPair()];
    const at = (...parts: string[]): string => join(this.args.directory, ...parts);
    return [
      { path: at('bundles', answers.bundle, 'bundle.yaml'), content: bundleYaml(answers) },
      { path: at('keys', 'collector.key'), content: collector.privatePem, mode: 0o600 },
      { path: at('keys', 'collector.pub'), content: collector.publicPem },
      { path: at('site', 'site.yaml'), content: siteYaml(answers) },
      { path: at('site', 'trust.yaml'), content: trustYaml(answers) },
      { path: at('site', 'keys', 'collector.pub'), content: collector.publicPem },
      { path: at('site', 'keys', `${answers.site}.key`), content: site.privatePem, mode: 0o600 },
      { path: at('site', 'keys', `${answers.site}.pub`), content: site.publicPem },
      { path: at('.gitignore'), content: GITIGNORE },
    ];
  }

  async #refuse(taken: readonly string[]): Promise<never> {
    const { GapferryError } = await import('@gapferry/core');
    throw new GapferryError({
      code: 'USAGE',
      message: `${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already`,
      hint: 'nothing was written; choose an empty directory',
    });
  }

  #nextSteps({ bundle }: InitAnswers, paths: readonly string[]): string {
    const to = relative('.', this.args.directory);
    return [
      ...paths.map((path) => `wrote ${path}${path.endsWith('.key') ? ' (not encrypted)' : ''}`),
      '',
      'next, outside:',
      ...(to === '' ? [] : [`  cd ${to}`]),
      `  gapferry collect bundles/${bundle} --key keys/collector.key --first`,
      '  gapferry export depot --to /media/stick',
      '  gapferry trust show --trust site/trust.yaml        # read the fingerprint to the site',
      'then, inside, with the folder site/ brought over by hand:',
      '  gapferry trust pin --site site/site.yaml',
      '  gapferry import /media/stick --site site/site.yaml',
    ].join('\n');
  }
}
