import { GapferryError, type Holding, type Pin, type Source, type Wish } from '@gapferry/core';
import { describeSource, type SourceSubject } from '@gapferry/core/testing';
import { memoryBlobStore } from './memory-blob-store.ts';
import { type MemoryUpstream, memoryUpstream } from './memory-upstream.ts';

function subjectOf<W extends Wish, P extends Pin, H extends Holding>(
  upstream: MemoryUpstream,
  source: Source<W, P, H>,
  wishFor: (name: string) => W,
  nameOf: (wish: W) => string,
): SourceSubject<W, P, H> {
  const unreachable = wishFor('unreachable');
  const error = new GapferryError({ code: 'UNREACHABLE', message: 'nobody answers', origin: 'source' });
  for (const stage of ['resolve', 'fetch'] as const) upstream.fail(nameOf(unreachable), error, stage);
  return {
    source,
    wish: wishFor('app'),
    missing: wishFor('missing'),
    unreachable,
    makeStore: async () => memoryBlobStore(),
    [Symbol.asyncDispose]: async () => {},
  };
}

describeSource('images of the memory upstream', async () => {
  const upstream = memoryUpstream();
  upstream.serveImage('registry.example/app:1', 'layer');
  const wishFor = (name: string) =>
    ({ kind: 'image', ref: `registry.example/${name}:1`, platforms: [] }) as const;
  return subjectOf(upstream, upstream.sources.image, wishFor, ({ ref }) => ref);
});

describeSource('charts of the memory upstream', async () => {
  const upstream = memoryUpstream();
  upstream.serveChart('charts.example/app', '1.0.0', 'archive');
  const wishFor = (name: string) =>
    ({ kind: 'chart', from: 'oci', ref: `charts.example/${name}`, version: '1.0.0' }) as const;
  return subjectOf(upstream, upstream.sources.chart, wishFor, (wish) =>
    wish.from === 'oci' ? `${wish.ref}:${wish.version}` : '',
  );
});

describeSource('repositories of the memory upstream', async () => {
  const upstream = memoryUpstream();
  upstream.serveGit('https://git.example/app.git', { 'refs/heads/main': 'a'.repeat(40) });
  const wishFor = (name: string) =>
    ({ kind: 'git', url: `https://git.example/${name}.git`, refs: [] }) as const;
  return subjectOf(upstream, upstream.sources.git, wishFor, ({ url }) => url);
});

describeSource('files of the memory upstream', async () => {
  const upstream = memoryUpstream();
  const { digest } = upstream.serveFile('https://files.example/app', 'content');
  const wishFor = (name: string) =>
    ({ kind: 'file', url: `https://files.example/${name}`, sha256: digest, as: name }) as const;
  return subjectOf(upstream, upstream.sources.file, wishFor, (wish) => ('url' in wish ? wish.url : ''));
});
