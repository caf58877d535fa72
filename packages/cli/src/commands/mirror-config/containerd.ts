import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import { Flags } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { readNamedFile } from '../../environment.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { type ChosenMirror, chooseMirror } from '../../inside/choose-mirror.ts';
import { imageHosts } from '../../inside/image-hosts.ts';
import { readSite } from '../../inside/open-site.ts';
import { requireOurs } from '../../inside/require-ours.ts';
import { siteFlag } from '../../inside/site-flag.ts';
import { writeFileAtomically } from '../../write-file.ts';

/** One `hosts.toml`. */
interface HostsFile {
  /** Upstream host. */
  readonly host: string;
  /** Where containerd is sent. */
  readonly url: string;
  readonly text: string;
}

export default class MirrorConfigContainerd extends GapferryCommand<typeof MirrorConfigContainerd> {
  static override summary = COMMANDS['mirror-config containerd'].summary;
  static override description =
    'Writes DIR/<upstream host>/hosts.toml for every host that imported images came from, so that workloads keep their references. Copy it to where config_path of containerd points (/etc/containerd/certs.d). Nothing is sent anywhere, and credentials for pulling are none of it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml -o certs.d',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --release /media/stick --stdout',
  ];
  static override flags = {
    site: siteFlag(),
    target: Flags.string({ description: 'the first that takes images, unless named', helpValue: 'NAME' }),
    release: Flags.string({
      description: "the images of this release instead of what the site's ledger knows",
      helpValue: 'PLACE',
    }),
    url: Flags.string({
      description: 'where nodes reach the target, if not where the site does; needed for "gapferry serve"',
      helpValue: 'URL',
    }),
    output: Flags.string({ char: 'o', description: 'directory to write to', helpValue: 'DIR' }),
    stdout: Flags.boolean({ description: 'print the files instead', exclusive: ['output'] }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { output, stdout } = this.flags;
    if (output === undefined && !stdout)
      throw new GapferryError({
        code: 'USAGE',
        message: 'nobody said where to write to',
        hint: 'name a directory with -o, or print with --stdout',
      });
    const { target: name, url } = this.flags;
    const site = await readSite(this.flags.site);
    const chosen = chooseMirror(site, {
      ...(name !== undefined && { target: name }),
      ...(url !== undefined && { url }),
    });
    const hosts = await imageHosts(this.flags.site, chosen.target, this.flags.release, run);
    if (hosts.length === 0) throw noImages(chosen.target, this.flags.release);
    const files = await makeFiles(hosts, chosen);
    const written = output === undefined ? [] : await writeAll(output, files, chosen);
    return {
      json: {
        target: chosen.target,
        hosts: files.map(({ host, url, text }) => ({ host, url, text })),
        written,
      },
      text:
        output === undefined
          ? files
              .map(({ host, text }) => `# ${host}/hosts.toml\n${text}`)
              .join('\n')
              .trimEnd()
          : [
              ...files.map(({ host, url }) => `${join(output, host, 'hosts.toml')}: ${host} is at ${url}`),
              `${files.length} host(s); copy the content of ${output} to config_path of containerd, for example /etc/containerd/certs.d`,
            ].join('\n'),
    };
  }
}

async function makeFiles(hosts: readonly string[], { mirror }: ChosenMirror): Promise<HostsFile[]> {
  const { containerdHosts, mirrorUrl } = await import('@gapferry/targets');
  return hosts.map((host) => ({
    host,
    url: mirrorUrl(host, mirror),
    text: containerdHosts(host, mirror),
  }));
}

/** Judges all places before the first is written: a file that somebody else made stays. */
async function writeAll(
  output: string,
  files: readonly HostsFile[],
  { mirror, caFile }: ChosenMirror,
): Promise<string[]> {
  const ca = caFile === undefined ? undefined : await readNamedFile(caFile, '`ca` of the target:');
  const { CONTAINERD_MARK } = await import('@gapferry/targets');
  for (const { host } of files) await requireOurs(join(output, host, 'hosts.toml'), CONTAINERD_MARK);
  const written: string[] = [];
  const write = async (path: string, text: string): Promise<void> => {
    await writeFileAtomically(path, text);
    written.push(path);
  };
  for (const { host, text } of files) {
    if (ca !== undefined && mirror.ca !== undefined) await write(join(output, host, mirror.ca), ca);
    await write(join(output, host, 'hosts.toml'), text);
  }
  return written;
}

function noImages(target: string, release: string | undefined): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message:
      release === undefined
        ? `the site's ledger knows of no image in target ${target}`
        : `there is no image in ${release}`,
    hint:
      release === undefined
        ? 'import a release first, or name one with --release'
        : 'name a release that has images',
  });
}
