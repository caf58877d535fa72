import { formatPlatform } from '@gapferry/core';
import { type LayerFile, layerTar, makeImage, makeIndex, type TestImage } from '@gapferry/testkit';
import type { Day } from './days.ts';
import { HOME, type ProgramFiles } from './program-files.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The demo's image: an index with one image, for the architecture of this machine, that runs `gapferry`. Layers that no day changes keep their digests. */
export async function gapferryImage(program: ProgramFiles, day: Day): Promise<TestImage> {
  const application: LayerFile[] = [
    ...program.application,
    { path: `${HOME}/RELEASE`, content: `${day.version}\n${day.news.join('\n')}\n` },
  ];
  const lists = [program.libraries, program.runtime, program.dependencies, application];
  const image = await makeImage({
    platform: platformHere(),
    layers: await Promise.all(lists.filter((files) => files.length > 0).map(layerTar)),
    // Compressing what only travels over loopback would cost seconds.
    gzip: 'none',
    config: imageConfig(day),
  });
  return makeIndex([image], { annotations: { 'org.opencontainers.image.version': day.version } });
}

function platformHere(): string {
  return formatPlatform({ os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch });
}

function imageConfig({ version }: Day): Record<string, unknown> {
  return {
    User: '65532:65532',
    Env: ['PATH=/usr/local/bin', 'HOME=/nonexistent', 'GAPFERRY_NO_PROGRESS=1'],
    Entrypoint: ['/usr/local/bin/node', `/${HOME}/packages/cli/bin/run.js`],
    Cmd: ['--help'],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': 'gapferry',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  };
}
