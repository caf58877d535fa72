import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeImage, makeIndex } from '../content/image.ts';
import { runProcess } from '../process/run-process.ts';
import { isMissing } from '../process/which.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { makeTlsIdentity } from '../tls-identity.ts';
import { startRegistry } from './registry.ts';

const login = { username: 'robot$ci', password: 'open sesame' } as const;

describe.skipIf(isMissing('skopeo'))('skopeo, as an independent client', () => {
  it.each([undefined, { kind: 'basic', ...login }, { kind: 'bearer', ...login }] as const)(
    'copies a multi-platform image out and pushes it in again with %j',
    async (auth) => {
      await using registry = await startRegistry({ ...(auth && { auth }) });
      await using home = await temporaryDirectory();
      const image = makeIndex([
        await makeImage({ layers: [{ size: 200_000 }, { size: 50_000, compressible: true }] }),
        await makeImage({ platform: 'linux/arm64', seed: 'arm' }),
      ]);
      registry.seedImage('team/app', '1.0', image);
      const creds = (side: string): string[] =>
        auth ? [`--${side}-creds`, `${login.username}:${login.password}`] : [];

      const out = await skopeo(home.path, [
        ...['copy', '--all', '--src-tls-verify=false', ...creds('src')],
        ...[`docker://${registry.host}/team/app:1.0`, `oci:${home.join('layout')}:1.0`],
      ]);
      expect(out.stderr).toBe('');
      const layout = JSON.parse(await readFile(home.join('layout/index.json'), 'utf8'));
      expect(layout.manifests[0].digest).toBe(image.root.digest);

      const back = await skopeo(home.path, [
        ...['copy', '--all', '--dest-tls-verify=false', ...creds('dest')],
        ...[`oci:${home.join('layout')}:1.0`, `docker://${registry.host}/other/place:2.0`],
      ]);
      expect(back.stderr).toBe('');
      expect(registry.tagged('other/place', '2.0')).toBe(image.root.digest);
      expect(registry.openUploads).toBe(0);
    },
  );

  it('is refused with a wrong password', async () => {
    await using registry = await startRegistry({ auth: { kind: 'bearer', ...login } });
    await using home = await temporaryDirectory();
    registry.seedImage('app', '1', await makeImage());
    const result = await skopeo(home.path, [
      ...['inspect', '--tls-verify=false', '--creds', 'robot$ci:wrong', `docker://${registry.host}/app:1`],
    ]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('incorrect username or password');
  });

  it('trusts the certificate with the authority and refuses it without', async () => {
    const tls = await makeTlsIdentity();
    await using registry = await startRegistry({ tls });
    await using home = await temporaryDirectory();
    registry.seedImage('app', '1', await makeImage());
    await writeFile(home.join('ca.crt'), tls.ca);
    const place = `docker://${registry.host}/app:1`;
    const trusted = await skopeo(home.path, ['inspect', '--cert-dir', home.path, place]);
    expect(trusted.stderr).toBe('');
    const strange = await skopeo(home.path, ['inspect', place]);
    expect(strange.stderr).toContain('x509');
  });
});

function skopeo(home: string, args: readonly string[]): ReturnType<typeof runProcess> {
  const [command = '', ...rest] = args;
  const env = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home };
  return runProcess('skopeo', ['--insecure-policy', command, ...rest], { env });
}
