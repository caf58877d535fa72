import { readFile, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { mustRun, seededBuffer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferryCommand } from '../support/command-line.ts';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { killWhen } from './support/kill-when.ts';
import { largestBelow } from './support/largest-below.ts';
import { type NginxUpstream, startNginxUpstream } from './support/nginx-upstream.ts';
import { lacks, tool } from './support/tools.ts';

const TEXT = Buffer.from('the same line over and over\n'.repeat(50_000));

describe.skipIf(lacks('nginx', 'openssl', 'sha256sum'))('files from nginx', { timeout: 120_000 }, () => {
  let elsewhere: NginxUpstream;
  let upstream: NginxUpstream;
  let host: StagingHost;

  beforeEach(async () => {
    const users = `robot:${(await mustRun(tool('openssl'), ['passwd', '-apr1', 'secret'])).trim()}\n`;
    elsewhere = await startNginxUpstream({ users, elsewhere: 'http://127.0.0.1:1' });
    upstream = await startNginxUpstream({ users, elsewhere: elsewhere.url });
    host = await makeStagingHost();
    const auth = Buffer.from('robot:secret').toString('base64');
    await writeFile(host.path('config.json'), JSON.stringify({ auths: { [upstream.host]: { auth } } }), {
      mode: 0o600,
    });
    await upstream.put('notes.txt', TEXT);
    await elsewhere.put('notes.txt', TEXT);
  });
  afterEach(async () => {
    await host.close();
    await upstream[Symbol.asyncDispose]();
    await elsewhere[Symbol.asyncDispose]();
  });

  const want = (path: string, check: string): Promise<void> =>
    host.want(`files:\n  - {url: "${upstream.url}${path}", as: notes.txt, ${check}}\n`);
  const sum = `sha256: ${digestOf(TEXT).slice('sha256:'.length)}`;
  const environment = (): Record<string, string> => ({ DOCKER_CONFIG: host.path('.') });

  it('come as they are, whatever it would pack for others', async () => {
    const packed = await fetch(`${upstream.url}/notes.txt`, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    await want('/notes.txt', sum);
    expect(await host.collect(0)).toMatchObject({ totals: { bytes: TEXT.byteLength } });
    await host.want(
      `files:\n  - {url: "${upstream.url}/notes.txt", as: notes.txt, checksums: {url: "${upstream.url}/SUMS"}}\n`,
    );
    await upstream.put('SUMS', Buffer.from(`${digestOf(TEXT).slice(7)}  notes.txt\n`));
    expect(await host.collect(0, [])).toMatchObject({ totals: { bytes: TEXT.byteLength } });
  });

  it('come with credentials, which go nowhere else', async () => {
    await want('/private/notes.txt', sum);
    expect((await host.collect(6)).error).toMatchObject({ code: 'UNAUTHORIZED' });
    await host.collect(0, ['--first'], environment());
    await want('/moved/notes.txt', sum.replace('sha256', 'check: first-seen, sha256'));
    expect((await host.collect(6, [], environment())).error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect((await elsewhere.asked()).map((line) => line.split(' ')[2])).not.toContain('200');
  });

  it('come from a mirror with credentials of its own, and stay files of upstream', async () => {
    const auth = Buffer.from('robot:secret').toString('base64');
    await writeFile(host.path('config.json'), JSON.stringify({ auths: { [elsewhere.host]: { auth } } }), {
      mode: 0o600,
    });
    await host.want(
      `hosts: {"${upstream.host}": {mirrors: ["${elsewhere.host}/private"]}}\nfiles:\n  - {url: "${upstream.url}/notes.txt", as: notes.txt, check: first-seen}\n`,
    );
    await host.collect(0, ['--first', '--version', '1.0.0'], environment());
    expect(await upstream.asked()).toEqual([]);
    const manifest = await readFile(host.path('depot/releases/line-a/1/manifest.json'), 'utf8');
    expect(JSON.parse(manifest).items).toMatchObject([
      {
        source: `${upstream.url}/notes.txt`,
        checked: [{ by: 'first-seen', at: `${elsewhere.host}/private` }],
      },
    ]);
    // What the mirror has by then is left for upstream, which has what was seen.
    await elsewhere.put('notes.txt', Buffer.from('other\n'));
    expect(await host.collect(0, [], environment())).toMatchObject({ kind: 'unchanged' });
    await upstream.put('notes.txt', Buffer.from('other\n'));
    expect((await host.collect(4, [], environment())).error?.message).toContain(digestOf(TEXT));
  });

  it('are not read again while they are what they were, and refused when they are another', async () => {
    await want('/notes.txt', 'check: first-seen');
    await host.collect(0);
    const before = (await upstream.asked()).length;
    expect(await host.collect(0, [])).toMatchObject({ kind: 'unchanged' });
    const since = (await upstream.asked()).slice(before);
    expect(since.filter((line) => line.startsWith('GET') && / 200 /.test(line))).toEqual([]);
    const other = Buffer.from('other\n');
    await upstream.put('notes.txt', other);
    const { error } = await host.collect(4, []);
    expect(error?.message).toContain(digestOf(TEXT));
    expect(error?.message).toContain(digestOf(other));
    expect(error?.hint).toContain('--accept notes.txt');
  });

  it('go on by Range after kill -9', async () => {
    const large = seededBuffer(24_000_000, 'large');
    await upstream.put('large.bin', large);
    await host.want(
      `files:\n  - {url: "${upstream.url}/slow/large.bin", as: large.bin, sha256: ${digestOf(large).slice(7)}}\n`,
    );
    const collect = gapferryCommand(host.machine, ['collect', 'bundles/line-a', '--first']);
    await killWhen(collect, async () => (await largestBelow(host.path('depot'))) > 6_000_000);
    await host.collect(0);
    const ranges = (await upstream.asked()).filter((line) => / 206 bytes=\d+-/.test(line));
    expect(ranges.length).toBeGreaterThan(0);
  });

  it('go on by Range after kill -9 also where nobody says what they are, and are never two in one', async () => {
    const large = seededBuffer(12_000_000, 'large');
    await upstream.put('large.bin', large);
    await host.want(
      `files:\n  - {url: "${upstream.url}/slow/large.bin", as: large.bin, check: first-seen}\n`,
    );
    const collect = gapferryCommand(host.machine, ['collect', 'bundles/line-a', '--first']);
    const came = async (): Promise<number> => await largestBelow(host.path('depot/work/files'));
    await killWhen(collect, async () => (await came()) > 3_000_000);
    const kept = await came();
    // Another process is killed on the way, and goes on where the first was.
    await killWhen(collect, async () => (await came()) > 7_000_000);
    const keptLater = await came();
    await host.collect(0);
    expect(digestOf(await readFile(host.path(`depot/blobs/sha256/${digestOf(large).slice(7)}`)))).toBe(
      digestOf(large),
    );
    const asked = (await upstream.asked()).filter((line) => line.startsWith('GET /slow/large.bin'));
    const begun = asked.map((line) => Number(/ 206 bytes=(\d+)-/.exec(line)?.[1] ?? 0));
    const chunk = 1 << 20;
    expect(begun).toHaveLength(3);
    expect(begun[1]).toBeGreaterThan(kept - 2 * chunk);
    expect(begun[2]).toBeGreaterThan(keptLater - 2 * chunk);
    await host.want(
      `files:\n  - {url: "${upstream.url}/slow/large.bin", as: other.bin, check: first-seen}\n`,
    );
    await upstream.put('large.bin', seededBuffer(12_000_000, 'second'));
    await killWhen(
      gapferryCommand(host.machine, ['collect', 'bundles/line-a']),
      async () => (await came()) > 3_000_000,
    );
    const third = seededBuffer(12_000_000, 'third');
    await upstream.put('large.bin', third);
    expect(await host.collect(0, [])).toMatchObject({ kind: 'sealed' });
    const lock = await readFile(host.path('bundles/line-a/bundle.lock.json'), 'utf8');
    expect(lock).toContain(digestOf(third));
  });
});
