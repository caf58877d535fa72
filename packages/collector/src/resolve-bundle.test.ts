import { type BundleConfig, encodeLock } from '@gapferry/bundle';
import { GapferryError, quietRun, type Wish } from '@gapferry/core';
import { memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { driftOf } from './drift-of.ts';
import { resolveBundle } from './resolve-bundle.ts';
import { gravestOf } from './resolve-error.ts';

const IMAGE: Wish = { kind: 'image', ref: 'docker.io/library/app:1', platforms: [] };
const OTHER: Wish = { kind: 'image', ref: 'docker.io/library/other:1', platforms: [] };
const CHART: Wish = { kind: 'chart', from: 'oci', ref: 'charts.example/app', version: '1.0.0' };
const GIT: Wish = { kind: 'git', url: 'https://git.example/ops/app.git', refs: [] };

function configOf(wishes: readonly Wish[]): BundleConfig {
  return { name: 'line-a', channel: 'line-a', platforms: [], wishes, insecure: [], hosts: new Map() };
}

function servedUpstream() {
  const upstream = memoryUpstream();
  upstream.serveImage(IMAGE.kind === 'image' ? IMAGE.ref : '', 'one');
  upstream.serveImage('docker.io/library/other:1', 'two');
  upstream.serveChart('charts.example/app', '1.0.0', 'archive');
  upstream.serveGit('https://git.example/ops/app.git', { 'refs/heads/main': 'a'.repeat(40) });
  return upstream;
}

function unauthorized(): GapferryError {
  return new GapferryError({
    code: 'UNAUTHORIZED',
    message: 'docker.io wants credentials',
    hint: 'log in',
    origin: 'source',
  });
}

describe('resolving a bundle', () => {
  it('gives the same lock whichever answer comes first and however the wishes are ordered', async () => {
    const wishes = [GIT, CHART, OTHER, IMAGE];
    const first = servedUpstream();
    const { promise, resolve } = Promise.withResolvers<void>();
    first.before('docker.io/library/app:1', resolve);
    first.before('https://git.example/ops/app.git', () => promise);
    const one = await resolveBundle({ config: configOf(wishes), sources: first.sources }, quietRun());
    const two = await resolveBundle(
      { config: configOf(wishes.toReversed()), sources: servedUpstream().sources, concurrency: 1 },
      quietRun(),
    );
    expect(encodeLock(two)).toBe(encodeLock(one));
    expect(one.pins.map(({ kind }) => kind)).toEqual(['chart', 'git', 'image', 'image']);
  });

  it('asks no more wishes at once than it may', async () => {
    const upstream = memoryUpstream();
    let [running, most] = [0, 0];
    const wishes = Array.from({ length: 9 }, (_, i): Wish => {
      const ref = `docker.io/library/app:${i}`;
      upstream.serveImage(ref, String(i));
      upstream.before(ref, async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
      });
      return { kind: 'image', ref, platforms: [] };
    });
    await resolveBundle({ config: configOf(wishes), sources: upstream.sources, concurrency: 3 }, quietRun());
    expect(most).toBe(3);
  });

  it('names every wish that failed, with the code of the gravest', async () => {
    const upstream = servedUpstream();
    upstream.fail('docker.io/library/app:1', unauthorized());
    const missing: Wish = { kind: 'image', ref: 'docker.io/library/gone:1', platforms: [] };
    const error = await resolveBundle(
      { config: configOf([IMAGE, missing, CHART]), sources: upstream.sources },
      quietRun(),
    ).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
      data: {
        failures: [
          { wish: 'image docker.io/library/app:1', code: 'UNAUTHORIZED', hint: 'log in' },
          { wish: 'image docker.io/library/gone:1', code: 'SOURCE_NOT_FOUND' },
        ],
      },
    });
    expect((error as Error).message).toContain('2 of 3 wishes');
    expect((error as Error).message).toContain('image docker.io/library/app:1: docker.io wants credentials');
  });

  it('names no more than one can read, and all of them in its data', async () => {
    const wishes = Array.from(
      { length: 60 },
      (_, i): Wish => ({ ...OTHER, ref: `docker.io/a/gone:${i}` }) as Wish,
    );
    const error = await resolveBundle(
      { config: configOf(wishes), sources: memoryUpstream().sources },
      quietRun(),
    ).then(
      () => expect.unreachable(),
      (caught: GapferryError) => caught,
    );
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(52);
    expect(lines.at(-1)).toBe('  and 10 more; --json has each');
    expect(error.data['failures']).toHaveLength(60);
  });

  it('ends with the gravest of what happened, and a bug before everything', () => {
    const errorOf = (code: GapferryError['code']): GapferryError =>
      new GapferryError({ code, message: code });
    const codes = (...errors: unknown[]): string => gravestOf(errors).code;
    expect(codes(errorOf('UNREACHABLE'), errorOf('SOURCE_NOT_FOUND'))).toBe('SOURCE_NOT_FOUND');
    expect(codes(errorOf('REFERENCE_INVALID'), errorOf('DIGEST_MISMATCH'))).toBe('DIGEST_MISMATCH');
    expect(codes(errorOf('DIGEST_MISMATCH'), new TypeError('x'))).toBe('INTERNAL');
  });

  it('never takes "could not ask" for "not found", and may be tried again only when all failures may', async () => {
    const upstream = servedUpstream();
    const cut = new GapferryError({ code: 'CONNECTION_CUT', message: 'cut', retryable: true, retryAfter: 7 });
    upstream.fail('docker.io/library/app:1', cut);
    const config = configOf([IMAGE, OTHER]);
    const run = resolveBundle({ config, sources: upstream.sources }, quietRun());
    await expect(run).rejects.toMatchObject({ code: 'CONNECTION_CUT', retryable: true, retryAfter: 7 });
    upstream.fail('docker.io/library/other:1', unauthorized());
    const both = resolveBundle({ config, sources: upstream.sources }, quietRun());
    await expect(both).rejects.toMatchObject({ category: 'transport', retryable: false });
  });

  it('names a wish once when its source names it too', async () => {
    const upstream = servedUpstream();
    const message = 'docker.io/library/app:1: it is no image';
    upstream.fail('docker.io/library/app:1', new GapferryError({ code: 'CONTENT_INVALID', message }));
    const run = resolveBundle({ config: configOf([IMAGE]), sources: upstream.sources }, quietRun());
    await expect(run).rejects.toMatchObject({ message: `cannot resolve image ${message}` });
  });

  it('names both wishes that turn out to be one item', async () => {
    const again: Wish = { kind: 'image', ref: 'docker.io/library/app:1', platforms: ['linux/amd64'] };
    const upstream = servedUpstream();
    await expect(
      resolveBundle({ config: configOf([IMAGE, again]), sources: upstream.sources }, quietRun()),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'image docker.io/library/app:1 is wanted by "image docker.io/library/app:1" and by "image docker.io/library/app:1 for linux/amd64"',
    });
  });

  it('refuses a source that answers nothing, or another wish', async () => {
    const { sources } = servedUpstream();
    const empty = { ...sources, image: { ...sources.image, resolve: async () => [] } };
    await expect(
      resolveBundle({ config: configOf([IMAGE]), sources: empty }, quietRun()),
    ).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
    const swapped = {
      ...sources,
      image: { ...sources.image, resolve: () => sources.image.resolve(OTHER as never, quietRun()) },
    };
    await expect(
      resolveBundle({ config: configOf([IMAGE]), sources: swapped }, quietRun()),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('reports a bug of a source without hiding the other failures', async () => {
    const { sources } = servedUpstream();
    const broken = {
      ...sources,
      image: { ...sources.image, resolve: () => Promise.reject(new TypeError('x is undefined')) },
    };
    await expect(
      resolveBundle({ config: configOf([IMAGE, CHART]), sources: broken }, quietRun()),
    ).rejects.toMatchObject({ code: 'INTERNAL', data: { failures: [{ message: 'x is undefined' }] } });
  });

  it('stops when the run is stopped, and asks nothing more', async () => {
    const upstream = servedUpstream();
    const stop = new AbortController();
    upstream.before('docker.io/library/app:1', () => stop.abort());
    await expect(
      resolveBundle(
        { config: configOf([IMAGE, OTHER, CHART]), sources: upstream.sources, concurrency: 1 },
        quietRun(stop.signal),
      ),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(upstream.calls).toEqual(['resolve docker.io/library/app:1']);
  });
});

describe('secrets in URLs', () => {
  const resolveFrom = (url: string): Promise<unknown> => {
    const { sources } = servedUpstream();
    const resolve = async (...args: Parameters<typeof sources.git.resolve>) =>
      (await sources.git.resolve(...args)).map((pin) => ({ ...pin, url }));
    const leaking = { ...sources, git: { ...sources.git, resolve } };
    return resolveBundle({ config: configOf([GIT]), sources: leaking }, quietRun());
  };

  it.each([
    'https://user:secret@git.example/ops/app.git',
    'https://token@git.example/ops/app.git',
    'ssh://git:secret@git.example/ops/app.git',
    'https://git.example/ops/app.git?access_token=abcdef',
  ])('never get into a lock: %s', async (url) => {
    const error = await resolveFrom(url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { items: ['git git.example/ops/app'] } });
    expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/secret@|token@|abcdef/);
  });

  it.each(['ssh://git@git.example/ops/app.git', 'file:///srv/git/app.git'])(
    'are not seen in %s',
    async (url) => {
      await expect(resolveFrom(url)).resolves.toMatchObject({ pins: [{ url }] });
    },
  );
});

describe('drift', () => {
  it('is empty while upstream stands still, and names a tag that moved', async () => {
    const upstream = servedUpstream();
    const config = configOf([IMAGE, CHART]);
    const lock = await resolveBundle({ config, sources: upstream.sources }, quietRun());
    expect((await driftOf(config, lock, upstream.sources, quietRun())).drift).toEqual([]);
    upstream.serveImage('docker.io/library/app:1', 'moved');
    const report = await driftOf(config, lock, upstream.sources, quietRun());
    expect(report.drift).toEqual([{ kind: 'image', id: 'docker.io/library/app:1', change: 'moved' }]);
    expect(report.lock).not.toEqual(lock);
  });

  it('shows every pin as added where there was no lock', async () => {
    const { sources } = servedUpstream();
    const { drift } = await driftOf(configOf([IMAGE]), undefined, sources, quietRun());
    expect(drift).toEqual([{ kind: 'image', id: 'docker.io/library/app:1', change: 'added' }]);
  });
});
