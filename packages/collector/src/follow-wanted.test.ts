import { quietRun, renderingDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { surveyBundle } from './survey-bundle.ts';
import {
  BUNDLE,
  COMMIT,
  chart,
  git,
  HOME,
  image,
  NAMED_BY,
  OID,
  REDIS,
  worldPointingTo as world,
} from './testing/gitops-world.ts';

describe('what bundle.yaml wants itself', () => {
  const B = (more: string): string =>
    `git: [{url: "${HOME}", images: discover}, {url: "https://git.example/b.git", ${more}}]`;

  it('is that item, under its own wish, and gets what names it', async () => {
    const { request, upstream } = world(chart('redis', '1.2.3'));
    const body = `${BUNDLE}\ncharts: [{repo: "https://charts.example", name: redis, version: 1.2.3, images: none}]`;
    const { lock, leads, manifest } = await collect(request(body), quietRun());
    expect(manifest.items).toMatchObject([{ kind: 'chart', namedBy: [NAMED_BY] }, { kind: 'git' }]);
    expect(lock.pins[0]).not.toHaveProperty('rendered');
    expect(leads).toMatchObject([{ outcome: 'wanted', became: `chart ${REDIS}:1.2.3` }]);
    expect(upstream.calls.filter((call) => call === `resolve ${REDIS}:1.2.3`)).toHaveLength(1);
  });

  it('is rendered by its line, and as content installs it as well', async () => {
    const { request, looked } = world(
      chart('redis', '1.2.3', { values: [{ from: 'inline', content: 'b' }] }),
    );
    const body = `${BUNDLE}\ncharts: [{repo: "https://charts.example", name: redis, version: 1.2.3}]`;
    const { lock } = await collect(request(body), quietRun());
    expect(looked.slice(-1)).toEqual([`chart ${REDIS}:1.2.3 b`]);
    expect(lock.pins[0]).toMatchObject({ rendered: renderingDigest({}) });
    await collect(request(body, { lock, locked: true }), quietRun());
  });

  it('is not looked into where its line does not say so, and that is told', async () => {
    const used = git('b', 'x', { revision: { as: 'branch', text: 'main' } });
    const { path: _, ...fetched } = used;
    const { request, upstream, looked } = world(used, fetched);
    upstream.serveGit('https://git.example/b.git', { 'refs/heads/main': OID });
    const { leads } = await collect(request(B('refs: [main]')), quietRun());
    expect(looked).toEqual(['git git.example/ops/home *']);
    expect(leads?.map(({ outcome, open }) => [outcome, open?.join()])).toEqual([
      ['wanted', expect.stringContaining('images: discover')],
      ['wanted', undefined],
    ]);
  });

  it('must have the revision that is pointed to, unless that is not sure, or waived', async () => {
    const to = (confidence: 'certain' | 'likely') =>
      world(git('b', 'x', { confidence, revision: { as: 'tag', text: 'v1' } }));
    const [sure, unsure, waived] = [to('certain'), to('likely'), to('certain')];
    for (const { upstream } of [sure, unsure, waived])
      upstream.serveGit('https://git.example/b.git', { 'refs/heads/main': OID, 'refs/tags/v1': OID });
    await expect(collect(sure.request(B('refs: [main]')), quietRun())).rejects.toMatchObject({
      code: 'RELEASE_INCOMPLETE',
      message: expect.stringContaining('without the tag v1'),
      hint: expect.stringContaining('"refs" of its line'),
    });
    const { leads } = await collect(unsure.request(B('refs: [main]')), quietRun());
    expect(leads).toMatchObject([{ outcome: 'listed' }]);
    const body = `${B('refs: [main]')}\nwaivers: [{git: git.example/b, reason: r}]`;
    expect((await collect(waived.request(body), quietRun())).leads).toMatchObject([{ outcome: 'waived' }]);
  });

  it('must reach a commit that is pointed to: the repository itself says so', async () => {
    const { request, upstream, repositories } = world(
      git('b', 'x', { revision: { as: 'commit', text: COMMIT } }),
    );
    upstream.serveGit('https://git.example/b.git', { 'refs/heads/main': OID });
    await expect(collect(request(B('refs: [main]')), quietRun())).rejects.toMatchObject({
      code: 'RELEASE_INCOMPLETE',
      message: expect.stringContaining(COMMIT),
    });
    repositories.set('git.example/b', { x: { images: [image('never:1')] } });
    const { leads, discovered } = await collect(request(B('refs: [main]')), quietRun());
    expect([leads?.[0]?.outcome, discovered]).toEqual(['wanted', []]);
  });

  it('is not looked into for what only perhaps is installed', async () => {
    const { request, looked } = world(
      chart('redis', '1.2.3', { confidence: 'possible', release: 'perhaps' }),
    );
    const body = `${BUNDLE}\ncharts: [{repo: "https://charts.example", name: redis, version: 1.2.3}]`;
    const { leads } = await collect(request(body), quietRun());
    expect(leads).toMatchObject([{ outcome: 'wanted' }]);
    expect(looked.filter((one) => one.startsWith('chart'))).toHaveLength(1);
  });

  it('is not named by itself, however its address is written', async () => {
    const { request } = world(git('ops/home', 'x', { url: 'git@git.example:ops/home.git' }));
    const { lock, leads } = await collect(request(BUNDLE), quietRun());
    expect(lock.pins[0]).not.toHaveProperty('namedBy');
    expect(leads).toMatchObject([
      { outcome: 'wanted', to: 'git git@git.example:ops/home.git, x', became: 'git git.example/ops/home' },
    ]);
  });

  it('is known to a survey too', async () => {
    const { request, upstream } = world(git('b', 'x', { url: 'ssh://git@git.example/b' }));
    upstream.serveGit('https://git.example/b.git', { 'refs/heads/main': OID });
    const { config, sources, discovery } = request(B('refs: [main]'));
    if (discovery === undefined) throw new Error('nothing is looked into');
    const { leads } = await surveyBundle({ config, sources, discovery }, quietRun());
    expect(leads).toMatchObject([{ outcome: 'wanted', to: 'git ssh://git@git.example/b, x' }]);
  });
});
