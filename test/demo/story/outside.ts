import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Demo, IMAGE, inDemo, SITE } from './demo.ts';
import { expect } from './failure.ts';

/** Keys, bundle and site; the site's trust is pinned by a fingerprint. */
export async function prepare(demo: Demo): Promise<void> {
  const { root, screen, shell } = demo;
  screen.heading('Prepare: a bundle, keys, a site that trusts one signer');
  const names = ['--bundle', 'demo', '--site', 'plant-7', '--owner', 'staging-team', '--image', IMAGE];
  await shell.gapferry(['init', '.', ...names], { show: 0 });
  await copyFile(join(root, 'bundles/demo/bundle.yaml'), inDemo(demo, 'bundles/demo/bundle.yaml'));
  await shell.gapferry(['trust', 'show', '--trust', 'site/trust.yaml'], { show: /^ {2}(?:[0-9a-f]{4} ){7}/ });
  await shell.gapferry(['trust', 'pin', ...SITE, '--fingerprint', await fingerprint(demo)]);
  screen.proved('nothing is imported before the fingerprint came by another way: paper, telephone');
}

/** The digits of the trust policy's fingerprint. */
export async function fingerprint({ shell }: Demo): Promise<string> {
  const { stdout } = await shell.gapferry(['trust', 'show', '--trust', 'site/trust.yaml', '--json'], {
    quietly: true,
  });
  return JSON.parse(stdout).fingerprint.digits;
}

export async function collectFirst(demo: Demo): Promise<void> {
  const { screen, shell } = demo;
  screen.heading('Collect, outside: fetch everything, seal it as one signed release');
  await shell.gapferry(['collect', 'bundles/demo', '--first', '--version', '1.0.0'], { show: 2 });
  const { stdout } = await shell.gapferry(
    ['collect', 'bundles/demo', '--locked', '--first', '--version', '1.0.0', '--depot', 'depot-b', '--json'],
    { show: /"manifest"/ },
  );
  const first = await manifestDigest(demo, 'depot#demo/1');
  expect(JSON.parse(stdout).manifest === first, 'the same lock gave two different manifests');
  screen.proved('the same lock gives a byte-identical manifest.json in another depot');
}

async function manifestDigest({ shell }: Demo, place: string): Promise<string> {
  const args = ['verify', place, '--trust', 'site/trust.yaml', '--json'];
  const { stdout } = await shell.gapferry(args, { quietly: true });
  return JSON.parse(stdout).manifest;
}

export async function exportFirst({ screen, shell }: Demo): Promise<void> {
  screen.heading('Export to a stick (here a directory)');
  const { stdout } = await shell.gapferry(['export', 'depot', '--to', 'stick'], {
    show: /^(?:wrote|every)/,
  });
  expect(!/left alone/.test(stdout), `export found something foreign on an empty stick:\n${stdout}`);
  screen.proved('content first, the release last, then every blob read back');
}
