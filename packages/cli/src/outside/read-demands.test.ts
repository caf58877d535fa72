import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { BundleConfig } from '@gapferry/bundle';
import { digestOf, type UpstreamVerification, type Wish } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDemands } from './read-demands.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

async function demands(
  verify: readonly UpstreamVerification[],
  yaml = '',
  upstream: NonNullable<BundleConfig['upstream']> = [],
): ReturnType<typeof readDemands> {
  const file = home.join('bundle.yaml');
  await writeFile(file, yaml);
  const wish: Wish = { kind: 'image', ref: 'ghcr.io/org/app:1', platforms: [], verify };
  const config = { name: 'a', channel: 'a', platforms: [], wishes: [wish], insecure: [], hosts: new Map() };
  return readDemands({ config: { ...config, upstream }, file });
}

describe('the demands of bundle.yaml on upstream', () => {
  it('are none where no wish states any', async () => {
    expect(await demands([])).toBeUndefined();
  });

  it('are read from the files they name, relative to bundle.yaml', async () => {
    await writeFile(home.join('org.pub'), pem);
    const read = await demands([{ key: 'org.pub' }]);
    expect(read?.demandOf({ key: 'org.pub' })).toEqual({ by: 'cosign-key', name: 'org.pub', pem });
    expect(() => read?.verifier.verify(digestOf('x'), [], { by: 'cosign-key', name: 'a', pem })).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_MISSING' }),
    );
  });

  it('are read for what only content names as well', async () => {
    await writeFile(home.join('org.pub'), pem);
    const cosign = { key: 'org.pub' };
    const read = await demands([], '', [{ match: 'ghcr.io/**', cosign }]);
    expect(read?.demandOf(cosign)).toMatchObject({ by: 'cosign-key' });
  });

  it('are refused all at once, each with its line, when a file is missing or is something else', async () => {
    await writeFile(home.join('root.json'), '{"certificateAuthorities":[{}]}');
    const identity = {
      identity: 'ci@example.org',
      issuer: 'https://issuer.example',
      trustedRoot: 'root.json',
    };
    const yaml = 'images:\n  - verify: {key: gone.pub}\n  - verify:\n      trustedRoot: root.json\n';
    const file = home.join('bundle.yaml');
    await expect(demands([{ key: 'gone.pub' }, identity], yaml)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        new RegExp(
          `^${file}:2: gone\\.pub: there is no such file\n${file}:4: root\\.json: the trusted root `,
        ),
      ),
    });
  });
});
