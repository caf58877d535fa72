import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CASE = join(import.meta.dirname, 'depot', 'good');
const DEPOT = join(CASE, 'depot');
const RELEASE = join(DEPOT, 'releases', 'line-a', '1');

/** What the specification says other tools can do with a depot, without gapferry. */
describe('the good depot', () => {
  it('has blobs whose names sha256sum agrees with', ({ skip }) => {
    skip(!isThere('sha256sum'), 'sha256sum is not on PATH');
    const names = readdirSync(join(DEPOT, 'blobs', 'sha256'));
    const { stdout } = run('sha256sum', names, join(DEPOT, 'blobs', 'sha256'));
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `${name}  ${name}`));
  });

  it('has a manifest, packs and a statement that jq reads, with the digests that were signed', ({ skip }) => {
    skip(!isThere('jq') || !isThere('sha256sum'), 'jq or sha256sum is not on PATH');
    const { stdout } = run(
      'sh',
      [
        '-c',
        `jq -r .dsseEnvelope.payload release.sigstore.json | base64 -d | jq -r '.subject[] | .digest.sha256 + "  " + .name' | sha256sum -c -`,
      ],
      RELEASE,
    );
    expect(stdout).toBe('manifest.json: OK\npacks.json: OK\n');
  });

  it('carries a pack from which git gets every ref of the manifest', ({ skip }) => {
    skip(!isThere('git'), 'git is not on PATH');
    const repository = mkdtempSync(join(tmpdir(), 'gapferry-vector-'));
    try {
      const { items } = JSON.parse(readFileSync(join(RELEASE, 'packs.json'), 'utf8'));
      const pack = readFileSync(join(DEPOT, 'blobs', 'sha256', items[0].packs[0].digest.slice(7)));
      expect(run('git', ['init', '-q', '--bare'], repository).status).toBe(0);
      expect(run('git', ['index-pack', '--stdin', '--strict'], repository, pack).status).toBe(0);
      const manifest = JSON.parse(readFileSync(join(RELEASE, 'manifest.json'), 'utf8'));
      const [ref] = manifest.items.find((item: { kind: string }) => item.kind === 'git').refs;
      expect(run('git', ['log', '-1', '--format=%s', ref.oid], repository).stdout.trim()).toBe(
        'Run two of them',
      );
    } finally {
      rmSync(repository, { recursive: true });
    }
  });

  it('is an OCI layout in which skopeo finds the image by its name', ({ skip }) => {
    skip(!isThere('skopeo'), 'skopeo is not on PATH');
    const { stdout, status } = run(
      'skopeo',
      ['inspect', '--config', `oci:${DEPOT}:docker.io/library/hello:1.0`],
      DEPOT,
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ architecture: 'amd64', os: 'linux' });
  });

  it('holds statements that cosign verifies', ({ skip }) => {
    skip(!isThere('cosign', 'version'), 'cosign is not on PATH');
    const verify = (file: string): number | null =>
      run(
        'cosign',
        [
          ...[
            'verify-blob-attestation',
            '--key',
            join(CASE, 'keys', 'collector.pub'),
            '--bundle',
            'release.sigstore.json',
          ],
          ...['--insecure-ignore-tlog', '--type', 'https://gapferry.dev/release/v1', file],
        ],
        RELEASE,
      ).status;
    expect([verify('manifest.json'), verify('packs.json'), verify('release.sigstore.json')]).toEqual([
      0, 0, 1,
    ]);
  }, 60_000);
});

function isThere(tool: string, version = '--version'): boolean {
  return spawnSync(tool, [version]).status === 0;
}

function run(
  tool: string,
  args: readonly string[],
  cwd: string,
  input: Uint8Array = Buffer.alloc(0),
): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(tool, args, { cwd, input });
  return { status, stdout: stdout.toString('utf8') };
}
