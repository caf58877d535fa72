import { writeFile } from 'node:fs/promises';
import { makeImage, makeIndex, type TemporaryDirectory, type TestImage } from '@gapferry/testkit';
import type { LiveRegistry } from './live-registry.ts';
import type { OciClients } from './oci-clients.ts';
import { writeOciLayout } from './oci-layout.ts';
import { createSkopeo } from './skopeo.ts';

/** Names of what `publish` makes, all with the tag `1.0`: one image each of skopeo (OCI and Docker schema 2), crane and regctl (multi-arch), and an artifact of regctl's that is no image. */
export const PUBLISHED = ['app', 'docker', 'single', 'multi', 'wasm'] as const;
export type Published = (typeof PUBLISHED)[number];

/** Signing without any service: the key is all there is. */
const OFFLINE = ['--use-signing-config=false', '--tlog-upload=false', '--allow-http-registry', '--yes'];
const OLD = '--new-bundle-format=false';
const PREDICATE = 'https://example.org/predicate/v1';

/** Pushes images with independent tools and attaches to `app` and `multi` what cosign and regctl can attach. `cosign.pub` in `home` is the key. */
export async function publish(
  registry: LiveRegistry,
  clients: OciClients,
  home: TemporaryDirectory,
): Promise<void> {
  const at = (name: string): string => `${registry.host}/${registry.namespace}${name}`;
  await clients.know(registry);
  await writeLayouts(home);
  const skopeo = createSkopeo(home);
  const [app, docker] = ['app', 'docker'].map((name) => `${registry.namespace}${name}:1.0`);
  await skopeo.push(`${home.join('app')}:1.0`, app ?? '', registry);
  await skopeo.push(`${home.join('docker')}:1.0`, docker ?? '', registry, 'v2s2');
  await clients.crane('push', home.join('single'), `${at('single')}:1.0`);
  await clients.regctl('image', 'copy', `ocidir://${home.join('multi')}:1.0`, `${at('multi')}:1.0`);
  await putArtifact(clients, home, 'application/wasm', `${at('wasm')}:1.0`);
  await sign(clients, home, `${at('app')}@${await clients.crane('digest', `${at('app')}:1.0`)}`);
  const sbom = await attach(clients, home, 'application/spdx+json', `${at('app')}:1.0`);
  await attach(clients, home, 'application/vnd.example.review', `${at('app')}@${sbom}`);
  await attach(clients, home, 'application/spdx+json', `${at('multi')}:1.0`);
  await attach(
    clients,
    home,
    'application/vnd.cyclonedx+json',
    `${at('multi')}:1.0`,
    '--platform=linux/arm64',
  );
}

async function writeLayouts(home: TemporaryDirectory): Promise<void> {
  const one = (seed: string, platform = 'linux/amd64'): Promise<TestImage> =>
    makeImage({
      platform,
      seed,
      annotations: { 'org.example.seed': `${seed} <&> äöü` },
      layers: [
        { size: 300_000, seed: 'base' },
        { size: 20_000, compressible: true },
      ],
    });
  const images = {
    app: await one('app'),
    docker: await one('docker'),
    single: await one('single'),
    multi: makeIndex([await one('multi'), await one('multi', 'linux/arm64')]),
  };
  for (const [name, image] of Object.entries(images)) await writeOciLayout(home.join(name), { '1.0': image });
}

/** In both of cosign's formats: as tags beside the image, and as referrers of it. */
async function sign({ cosign }: OciClients, home: TemporaryDirectory, image: string): Promise<void> {
  await cosign('generate-key-pair');
  await writeFile(home.join('predicate.json'), '{"reviewed": true}\n');
  await writeFile(home.join('sbom.json'), '{"spdxVersion": "SPDX-2.3"}\n');
  const key = ['--key', 'cosign.key', ...OFFLINE];
  const predicate = ['--predicate', 'predicate.json', '--type', PREDICATE];
  for (const format of [[OLD], []]) {
    await cosign('sign', ...key, ...format, image);
    await cosign('attest', ...key, ...format, ...predicate, image);
  }
  await cosign('attach', 'sbom', '--sbom', 'sbom.json', '--allow-http-registry', image);
}

/** Returns the digest of the artifact. */
function attach(
  clients: OciClients,
  home: TemporaryDirectory,
  type: string,
  subject: string,
  ...more: readonly string[]
): Promise<string> {
  return putArtifact(clients, home, type, '--subject', subject, ...more);
}

async function putArtifact(
  { regctl }: OciClients,
  home: TemporaryDirectory,
  type: string,
  ...more: readonly string[]
): Promise<string> {
  await writeFile(home.join('artifact'), `${type} of ${more.join(' ')}\n`);
  const file = ['--file', home.join('artifact'), '--file-media-type', type];
  const format = ['--format', '{{.Manifest.GetDescriptor.Digest}}'];
  return regctl('artifact', 'put', '--artifact-type', type, ...file, ...format, ...more);
}
