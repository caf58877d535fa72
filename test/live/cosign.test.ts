import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  flipByte,
  type ProcessResult,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { lacks, tool } from './support/tools.ts';

let home: TemporaryDirectory;
let machines: TwoMachines;
const cleanup = new AsyncDisposableStack();
const FILES = ['manifest.json', 'packs.json'] as const;

describe.skipIf(lacks('cosign'))('cosign, without network, on a release as it lies on the stick', () => {
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    const { path } = await createRepository(home.join('line-a.git'), [
      { message: 'Begin', files: { 'README.md': 'line A\n' } },
    ]);
    const bundle = `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: file://${path}, refs: [main]}\n`;
    machines = await makeTwoMachines({ bundle, environment: {} });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
  });
  afterAll(() => cleanup.disposeAsync());

  const onStick = (name: string): string => join(machines.stick, 'releases/line-a/1', name);
  const key = (): string => join(machines.outside.directory, 'keys/collector.pub');

  function verify(file: string, bundle: string, publicKey = key()): Promise<ProcessResult> {
    const args = [
      ...['verify-blob-attestation', '--key', publicKey, '--bundle', bundle, '--insecure-ignore-tlog'],
      ...['--type', 'https://gapferry.dev/release/v1', file],
    ];
    const env = { PATH: process.env['PATH'], HOME: home.path, HTTPS_PROXY: 'http://127.0.0.1:9' };
    return runProcess(tool('cosign'), args, { env });
  }

  it.for(FILES)('accepts %s with the collector key', async (name) => {
    const result = await verify(onStick(name), onStick('release.sigstore.json'));
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('Verified OK') });
  });

  it.for(FILES)('refuses %s with one byte changed', async (name) => {
    const changed = home.join(name);
    await copyFile(onStick(name), changed);
    await flipByte(changed, 10);
    const result = await verify(changed, onStick('release.sigstore.json'));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('digest');
  });

  it('refuses the key of somebody else', async () => {
    await gapferryJson({ directory: home.path }, ['keys', 'generate', 'other', '--plain']);
    const result = await verify(
      onStick('manifest.json'),
      onStick('release.sigstore.json'),
      home.join('other.pub'),
    );
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/signature/i);
  });

  it('refuses a statement that was changed after it was signed', async () => {
    const sealed = JSON.parse(await readFile(onStick('release.sigstore.json'), 'utf8')) as {
      dsseEnvelope: { payload: string };
    };
    const statement = Buffer.from(sealed.dsseEnvelope.payload, 'base64').toString();
    expect(statement).toContain('"sequence":1');
    const changed = statement.replace('"sequence":1', '"sequence":2');
    sealed.dsseEnvelope.payload = Buffer.from(changed).toString('base64');
    await writeFile(home.join('changed.json'), JSON.stringify(sealed));
    const result = await verify(onStick('manifest.json'), home.join('changed.json'));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/signature/i);
  });
});
