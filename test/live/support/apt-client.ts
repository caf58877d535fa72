import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '@gapferry/testkit';
import { tool } from './tools.ts';

/** apt-get with a root of its own: nothing of the machine is read or changed. */
export interface AptClient {
  /** Where archives are downloaded to. */
  readonly archives: string;
  run(...args: readonly string[]): Promise<string>;
}

/** `line`: what stands behind `deb` in sources.list, without options. `installed`: packages that the system has. */
export async function makeAptClient(
  root: string,
  line: string,
  keyring: Uint8Array,
  installed: readonly string[] = [],
): Promise<AptClient> {
  const archives = join(root, 'cache/archives');
  for (const path of ['etc', 'state/lists/partial', 'cache/archives/partial', 'empty'])
    await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, 'key.gpg'), keyring);
  await writeFile(join(root, 'etc/sources.list'), `deb [signed-by=${join(root, 'key.gpg')}] ${line}\n`);
  const status = installed.map(
    (name) =>
      `Package: ${name}\nStatus: install ok installed\nVersion: 99\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n`,
  );
  await writeFile(join(root, 'status'), status.join('\n'));
  const settings = {
    Dir: root,
    'Dir::Etc': join(root, 'etc'),
    'Dir::Etc::sourcelist': join(root, 'etc/sources.list'),
    'Dir::Etc::sourceparts': join(root, 'empty'),
    'Dir::Etc::parts': join(root, 'empty'),
    'Dir::Etc::trustedparts': join(root, 'empty'),
    'Dir::State': join(root, 'state'),
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': join(root, 'cache'),
    'Dir::Bin::methods': '/usr/lib/apt/methods',
    'Dir::Log': join(root, 'empty'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::http::Proxy': 'DIRECT',
    'Debug::NoLocking': 'true',
  };
  const config = join(root, 'apt.conf');
  const text = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(config, text.join(''));
  return {
    archives,
    run: (...args) =>
      mustRun(tool('apt-get'), args, {
        cwd: archives,
        env: { ...process.env, APT_CONFIG: config, LC_ALL: 'C' },
      }),
  };
}
