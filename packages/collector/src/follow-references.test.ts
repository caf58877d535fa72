import { encodeLock, foundDigest, parseLock } from '@gapferry/bundle';
import { canonicalBytes, digestOf, type Pin, quietRun, type RunEvent, renderingDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { previewCollect } from './preview-collect.ts';
import type { Collected } from './request.ts';
import { surveyBundle } from './survey-bundle.ts';
import {
  BUNDLE,
  COMMIT,
  chart,
  configOf,
  git,
  HOME,
  image,
  missing,
  NAMED_BY,
  OID,
  pointing,
  REDIS,
  unreachable,
  worldPointingTo as world,
} from './testing/gitops-world.ts';

function itemsOf({ manifest }: Collected): string[] {
  return manifest.items.map(({ kind, id }) => `${kind} ${id}`);
}

describe('a chart that a repository points to', () => {
  it('is in the release with its images, each with what names it, and so by the lock', async () => {
    const values = [{ from: 'inline', content: '{"a":1}' }] as const;
    const { request, looked, upstream } = world(chart('redis', '1.2.3', { values, release: 'r' }));
    const first = await collect(request(BUNDLE), quietRun());
    expect(itemsOf(first)).toEqual([
      `chart ${REDIS}:1.2.3`,
      'git git.example/ops/home',
      'image docker.io/library/redis:7',
    ]);
    expect(first.manifest.items[0]).toMatchObject({ namedBy: [NAMED_BY] });
    expect(first.manifest.items[2]).toMatchObject({ namedBy: [{ item: `chart ${REDIS}:1.2.3` }] });
    expect(looked).toEqual(['git git.example/ops/home *', `chart ${REDIS}:1.2.3 {"a":1}`]);
    expect(first.leads).toMatchObject([{ outcome: 'included', became: `chart ${REDIS}:1.2.3` }]);
    expect(parseLock(Buffer.from(encodeLock(first.lock)), 'lock')).toEqual(first.lock);
    const asked = upstream.calls.length;
    const again = await collect(request(BUNDLE, { lock: first.lock, locked: true }), quietRun());
    expect(again.manifestDigest).toBe(first.manifestDigest);
    expect(looked).toHaveLength(2);
    expect(upstream.calls.slice(asked).filter((call) => call.startsWith('resolve'))).toEqual([]);
  });

  it('is the newest of a range, pinned by its version alone', async () => {
    const { request, upstream } = world(
      chart('redis', '^1', { source: { from: 'oci', ref: REDIS } }),
      chart('redis', '^1', { source: { from: 'oci', ref: REDIS } }),
    );
    const { lock } = await collect(request(BUNDLE), quietRun());
    expect(lock.pins[0]).toMatchObject({ id: `${REDIS}:1.2.3`, version: '1.2.3' });
    expect(upstream.calls.filter((call) => call === `resolve ${REDIS}:^1`)).toHaveLength(1);
    const again = collect(request(BUNDLE, { lock, locked: true }), quietRun());
    await expect(again).resolves.toMatchObject({ kind: 'sealed' });
  });

  it('may have a version that no tag of a registry can have', async () => {
    const { request, upstream } = world(
      chart('x', '1.0.0_b', { source: { from: 'oci', ref: 'c.example/x' } }),
    );
    upstream.serveChart('c.example/x', '1.0.0+b', 'x');
    const { manifest } = await collect(request(BUNDLE), quietRun());
    expect(manifest.items[0]).toMatchObject({ id: 'c.example/x:1.0.0+b' });
  });

  it('is rendered once for each way in which it is installed', async () => {
    const values = (content: string) => [{ from: 'inline', content }] as const;
    const { request, looked, charts, upstream } = world(
      chart('redis', '1.2.3', { values: values('a') }),
      chart('redis', '1.2.3', { values: values('b') }),
      chart('redis', '1.2.3', { values: values('a'), place: { file: 'other.yaml', path: 'spec' } }),
      chart('redis', '1.2.3', { values: values('a'), images: [{ name: 'redis' }] }),
    );
    upstream.serveImage('docker.io/library/side:1', 'side');
    charts.set('redisb', [image('side:1')]);
    const { lock, manifest } = await collect(request(BUNDLE), quietRun());
    expect(looked.slice(1)).toEqual([
      `chart ${REDIS}:1.2.3 a`,
      `chart ${REDIS}:1.2.3 b`,
      `chart ${REDIS}:1.2.3 a redis`,
    ]);
    expect(manifest.items).toHaveLength(4);
    const digests = ['a', 'b'].map((content) => renderingDigest({ values: [{ name: '', content }] }));
    expect(lock.pins[0]).toMatchObject({ rendered: digestOf(canonicalBytes(digests.sort())) });
  });

  it('that likely is installed needs nothing for sure', async () => {
    const { request, charts } = world(chart('redis', '1.2.3', { confidence: 'likely', open: ['a Secret'] }));
    charts.set('redis', [image('gone:1')]);
    const { discovered, leads } = await collect(request(BUNDLE), quietRun());
    expect(discovered).toMatchObject([{ outcome: 'listed', confidence: 'likely' }]);
    expect(leads).toMatchObject([{ outcome: 'included', open: ['a Secret'] }]);
  });

  it('that does not render ends the collect, unless something about it is open', async () => {
    const broken = missing('values.yaml in the chart');
    const sure = world(chart('redis', '1.2.3'));
    sure.charts.set('redis', broken);
    await expect(collect(sure.request(BUNDLE), quietRun())).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(
        `chart ${REDIS}:1.2.3 ← git git.example/ops/home ← wish "git ${HOME}"`,
      ),
    });
    const open = world(chart('redis', '1.2.3', { values: [{ from: 'url', url: 'https://v.example/v' }] }));
    open.charts.set('redis', broken);
    const { leads } = await collect(open.request(BUNDLE), quietRun());
    expect(leads?.[0]).toMatchObject({ outcome: 'included' });
    expect(leads?.[0]?.open?.join()).toMatch(/https:\/\/v.example\/v is not applied,it is not looked into/);
  });

  it('carries what upstream must have signed', async () => {
    const { request } = world(chart('redis', '1.2.3', { source: { from: 'oci', ref: REDIS } }));
    const body = `${BUNDLE}\nupstream: [{match: "${REDIS}", cosign: {key: k.pub}}]`;
    await expect(collect(request(body), quietRun())).rejects.toMatchObject({
      message: expect.stringContaining('nobody checks the upstream signatures'),
    });
  });
});

describe('a repository that a repository points to', () => {
  it('is looked into from there alone, and so is what it points to', async () => {
    const { request, repositories, upstream, looked } = world(
      git('b', 'deploy', { revision: { as: 'branch', text: 'main' } }),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID, 'refs/tags/v1': COMMIT });
    repositories.set('git.example/b', {
      deploy: pointing(chart('redis', '1.2.3')),
      'deploy v1': pointing(),
      other: { images: [image('never:1')] },
    });
    const collected = await collect(request(BUNDLE), quietRun());
    expect(looked).toEqual([
      'git git.example/ops/home *',
      'git git.example/b deploy main',
      `chart ${REDIS}:1.2.3`,
    ]);
    expect(collected.manifest.items.slice(0, 2)).toMatchObject([
      { id: `${REDIS}:1.2.3`, namedBy: [{ item: 'git git.example/b' }] },
      { id: 'git.example/b', refs: [{ name: 'refs/heads/main' }], namedBy: [NAMED_BY] },
    ]);
  });

  it('is carried at all revisions that any round names, and each entry is looked at once', async () => {
    const tag = git('b', 'x', { revision: { as: 'tag', text: 'v1' } });
    const { request, repositories, upstream, looked } = world(
      git('b', 'x', { revision: { as: 'branch', text: 'main' } }),
      git('c', 'y', { revision: { as: 'semver', text: '^1' } }),
    );
    for (const name of ['b', 'c'])
      upstream.serveGit(`https://git.example/${name}`, {
        'refs/heads/main': OID,
        'refs/heads/more': OID,
        'refs/tags/v1': COMMIT,
      });
    repositories.set('git.example/b', { 'x main': pointing(), 'x v1': {} });
    repositories.set('git.example/c', { y: pointing(tag, { ...tag, url: 'git@git.example:b.git' }) });
    const { lock } = await collect(request(BUNDLE), quietRun());
    const refs = (id: string) =>
      lock.pins.flatMap((pin) => (pin.kind === 'git' && pin.id === id ? pin.refs : []));
    expect(refs('git.example/b').map(({ name }) => name)).toEqual(['refs/heads/main', 'refs/tags/v1']);
    expect(refs('git.example/c').map(({ name }) => name)).toEqual(['refs/tags/v1']);
    expect(looked.slice(1)).toEqual([
      'git git.example/b x main',
      'git git.example/c y ^1',
      'git git.example/b x v1',
    ]);
    expect(upstream.calls.filter((call) => call === 'resolve https://git.example/b')).toHaveLength(2);
  });

  it('is carried as a whole for a commit, and where nothing is named', async () => {
    for (const revision of [undefined, { as: 'commit', text: COMMIT } as const]) {
      const { request, repositories, upstream } = world(git('b', 'x', { ...(revision && { revision }) }));
      upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID, 'refs/tags/v1': COMMIT });
      repositories.set('git.example/b', { x: {} });
      const { lock } = await collect(request(BUNDLE), quietRun());
      expect(lock.pins[0]).toMatchObject({ refs: [{ name: 'refs/heads/main' }, { name: 'refs/tags/v1' }] });
    }
  });

  it('is looked into again where upstream moved between two rounds', async () => {
    const more = git('b', 'x', { revision: { as: 'tag', text: 'v1' } });
    const { request, repositories, upstream, looked } = world(
      git('b', 'x', { revision: { as: 'branch', text: 'main' } }),
      git('c', 'y'),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID, 'refs/tags/v1': OID });
    upstream.serveGit('https://git.example/c', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { x: {} });
    repositories.set('git.example/c', { y: pointing(more) });
    let asked = 0;
    upstream.before('https://git.example/b', () => {
      asked += 1;
      if (asked === 2)
        upstream.serveGit('https://git.example/b', { 'refs/heads/main': COMMIT, 'refs/tags/v1': OID });
    });
    await collect(request(BUNDLE), quietRun());
    expect(looked.filter((one) => one === 'git git.example/b x main')).toHaveLength(2);
  });

  it('is asked over HTTPS where its address is written in several ways', async () => {
    const { request, repositories, upstream } = world(
      git('b', 'x', { url: 'git@git.example:b.git' }),
      git('b', 'x'),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { x: {} });
    const { lock } = await collect(request(BUNDLE), quietRun());
    expect(lock.pins[0]).toMatchObject({ id: 'git.example/b', url: 'https://git.example/b' });
  });

  it('has a chart in it: that is what is looked at', async () => {
    const source = { from: 'git', url: 'https://git.example/b', path: 'charts/web' } as const;
    const { request, repositories, upstream, looked } = world(chart('web', '', { source }));
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { 'charts/web': { images: [image('redis:7')] } });
    const collected = await collect(request(BUNDLE), quietRun());
    expect(looked).toEqual(['git git.example/ops/home *', 'git git.example/b charts/web']);
    expect(collected.manifest.items[2]).toMatchObject({ namedBy: [{ item: 'git git.example/b' }] });
  });

  it('may point back: each is looked at once, and the lock is taken', async () => {
    const { request, repositories, upstream, looked } = world(git('b', 'x'));
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    upstream.serveGit('https://git.example/c', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { x: pointing(git('c', 'y'), git('ops/home', 'apps')) });
    repositories.set('git.example/c', { y: pointing(git('b', 'x')) });
    const { lock, manifestDigest } = await collect(request(BUNDLE), quietRun());
    expect(looked).toEqual(['git git.example/ops/home *', 'git git.example/b x', 'git git.example/c y']);
    const again = await collect(request(BUNDLE, { lock, locked: true }), quietRun());
    expect(again.manifestDigest).toBe(manifestDigest);
    const circle = lock.pins.map((pin): Pin => {
      const namedBy = pin.kind === 'git' && pin.id === 'git.example/b' && pin.namedBy;
      return namedBy ? ({ ...pin, namedBy: namedBy.filter(({ item }) => item.endsWith('/c')) } as Pin) : pin;
    });
    const edited = { ...lock, pins: circle };
    const forged = collect(
      request(BUNDLE, { lock: { ...edited, found: foundDigest(edited) }, locked: true }),
      quietRun(),
    );
    await expect(forged).rejects.toMatchObject({ code: 'LOCK_STALE' });
  });

  it('that likely is used needs nothing for sure', async () => {
    const { request, repositories, upstream } = world(git('b', 'x', { confidence: 'likely' }));
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    repositories.set('git.example/b', {
      x: { images: [image('gone:1')], references: [chart('gone', '1.0.0')] },
    });
    const { discovered, leads } = await collect(request(BUNDLE), quietRun());
    expect(discovered).toMatchObject([{ outcome: 'listed', confidence: 'likely' }]);
    expect(leads).toMatchObject([{ outcome: 'included' }, { outcome: 'listed', confidence: 'likely' }]);
  });

  it('is asked no more often the more revisions are not there', async () => {
    const tag = (text: string): ReturnType<typeof git> => git('b', 'x', { revision: { as: 'tag', text } });
    const gone = Array.from({ length: 500 }, (_, i) => tag(`gone-${i}`));
    const { request, upstream } = world(tag('v1'), ...gone);
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID, 'refs/tags/v1': OID });
    await expect(collect(request(BUNDLE), quietRun())).rejects.toThrow('has no tag "gone-7"');
    expect(upstream.calls.filter((call) => call === 'resolve https://git.example/b')).toHaveLength(3);
  });

  it('does not lose revisions that are there for one that is not', async () => {
    const { request, repositories, upstream } = world(
      git('b', 'x', { revision: { as: 'tag', text: 'v1' } }),
      git('b', 'x', { revision: { as: 'tag', text: 'v9' }, confidence: 'likely' }),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID, 'refs/tags/v1': OID });
    repositories.set('git.example/b', { x: {} });
    const { leads } = await collect(request(BUNDLE), quietRun());
    expect(leads).toMatchObject([
      { outcome: 'included' },
      { outcome: 'listed', reason: expect.stringContaining('v9') },
    ]);
  });
});

describe('what is left out', () => {
  it('is listed with its reason, and no credentials are written down', async () => {
    const place = { file: 'x.yaml', path: 'spec' };
    const { request, upstream } = world(
      chart('redis', '$VERSION', { confidence: 'possible', open: ['a placeholder'] }),
      { kind: 'file', url: 'https://u:hunter2@files.example/x?token=hunter2', confidence: 'certain', place },
      git('b', 'x', { url: 'https://u:hunter2@git.example/b' }),
      git('b', 'x', { url: 'ssh://git:hunter2@git.example/b' }),
      git('b', 'x', { url: 'file:///srv/b' }),
      chart('redis', '1', { source: { from: 'repository', url: 'https://hunter2@c.example', name: 'x' } }),
    );
    const events: RunEvent[] = [];
    const collected = await collect(request(BUNDLE), { ...quietRun(), emit: (event) => events.push(event) });
    expect(collected.leads?.map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
      'listed: a placeholder',
      'listed: a file needs its sha256: add it to "files" in bundle.yaml',
      'listed: it has credentials in its URL; give them by environment or credential helper',
      'listed: it has credentials in its URL; give them by environment or credential helper',
      'listed: its URL names a directory of one machine',
      'listed: it has credentials in its URL; give them by environment or credential helper',
    ]);
    expect(collected.manifest.items).toHaveLength(1);
    expect(JSON.stringify([collected, events, upstream.calls])).not.toContain('hunter2');
  });

  it('is what lies on this machine or its link, unless bundle.yaml names the host', async () => {
    const source = { from: 'repository', url: 'http://169.254.169.254/latest', name: 'x' } as const;
    const here = [
      git('b', 'x', { url: 'http://localhost:8080/b' }),
      chart('x', '1', { source }),
      chart('x', '1', { source: { from: 'oci', ref: '127.0.0.1:5000/x' } }),
    ];
    const { request, upstream } = world(...here);
    const { leads } = await collect(request(BUNDLE), quietRun());
    expect(leads).toHaveLength(3);
    for (const { outcome, reason } of leads ?? [])
      expect(`${outcome}: ${reason}`).toMatch(/^listed: its address is one of this machine/);
    expect(JSON.stringify(upstream.calls)).not.toMatch(/localhost|169\.254|127\.0/);
    const named = request(`${BUNDLE}\ninsecure: [localhost, 169.254.169.254, "127.0.0.1:5000"]\n`);
    await expect(collect(named, quietRun())).rejects.toThrow('cannot resolve 3 of 3 reference(s)');
  });

  it('is what is not there, where it is not sure', async () => {
    const { request } = world(
      chart('gone', '1', { confidence: 'likely' }),
      git('gone', 'x', { confidence: 'likely' }),
    );
    const { leads } = await collect(request(BUNDLE), quietRun());
    expect(leads).toMatchObject([
      { outcome: 'listed', reason: expect.stringContaining('there is no') },
      { outcome: 'listed', reason: expect.stringContaining('there is no') },
    ]);
  });

  it('is what is waived: not asked for, in the lock, and told', async () => {
    const { request, upstream } = world(chart('redis', '1.2.3'), git('b', 'x'));
    const body = `${BUNDLE}\nwaivers: [{chart: "charts.example/**", reason: no}, {git: git.example/b, reason: inside}]`;
    const { lock, leads, manifest } = await collect(request(body), quietRun());
    expect(manifest.items).toHaveLength(1);
    expect(leads).toMatchObject([
      { outcome: 'waived', reason: 'no' },
      { outcome: 'waived', reason: 'inside' },
    ]);
    expect(lock.waived).toEqual([
      { chart: `${REDIS}:1.2.3`, namedBy: [NAMED_BY] },
      { git: 'git.example/b', namedBy: [NAMED_BY] },
    ]);
    expect(upstream.calls.filter((call) => !call.includes('ops/home'))).toEqual([]);
    const again = collect(request(BUNDLE, { lock, locked: true }), quietRun());
    await expect(again).rejects.toMatchObject({
      code: 'LOCK_STALE',
      message: expect.stringMatching(/chart .* was waived/),
    });
  });

  it('is waived by its name also where it cannot even be asked for', async () => {
    const bad = git('b', 'x', { revision: { as: 'branch', text: '-x' } });
    const { request } = world(bad, chart('redis', '\u001b'));
    const waivers = '[{git: git.example/b, reason: no}, {chart: "charts.example/*", reason: no}]';
    const { leads } = await collect(request(`${BUNDLE}\nwaivers: ${waivers}\n`), quietRun());
    expect(leads?.map(({ outcome }) => outcome)).toEqual(['waived', 'waived']);
    await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });

  it('is waived by the version that a range turns out to be', async () => {
    const { request } = world(chart('redis', '^1'));
    const { leads } = await collect(
      request(`${BUNDLE}\nwaivers: [{chart: "${REDIS}:1.2.*", reason: no}]`),
      quietRun(),
    );
    expect(leads).toMatchObject([{ outcome: 'waived' }]);
  });
});

describe('what cannot be had', () => {
  it('ends the collect with all of it, each with its whole chain', async () => {
    const { request, repositories, charts, upstream } = world(
      git('b', 'x'),
      chart('gone', '1.0.0'),
      chart('gone', '1.0.0'),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { x: pointing(chart('redis', '1.2.3'), git('away', 'z')) });
    charts.set('redis', [image('gone:1')]);
    const error = (await collect(request(BUNDLE), quietRun()).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      category: 'incomplete',
      hint: expect.stringContaining('waivers'),
    });
    const home = `git git.example/ops/home ← wish "git ${HOME}"`;
    expect(error.message.split('\n')).toEqual([
      'cannot resolve 3 of 1 image(s) that are named and 5 reference(s):',
      expect.stringContaining(`  chart charts.example/gone:1.0.0 ← ${home}: there is no`),
      expect.stringContaining(`  git git.example/away ← git git.example/b ← ${home}: there is no`),
      expect.stringContaining(
        `  image docker.io/library/gone:1 ← chart ${REDIS}:1.2.3 ← git git.example/b ← ${home}: there is no`,
      ),
    ]);
    const { config, sources, discovery } = request(BUNDLE);
    if (discovery === undefined) throw new Error('nothing is looked into');
    const survey = await surveyBundle({ config, sources, discovery }, quietRun());
    expect(survey.failures).toHaveLength(3);
    expect(survey.leads.map(({ outcome }) => outcome)).toEqual([
      'included',
      'failed',
      'failed',
      'included',
      'failed',
    ]);
  });

  it('is told without credentials where its address is none', async () => {
    const { request } = world(
      chart('x', '1', { source: { from: 'oci', ref: 'u:hunter2@r.example/x' } }),
      chart('x', '1', { source: { from: 'oci', ref: 'hunter2@r.example/x' } }),
    );
    const error = (await collect(request(BUNDLE), quietRun()).catch((caught: unknown) => caught)) as Error;
    expect(error.message).toContain('***@r.example/x');
    expect(JSON.stringify([error, error.message])).not.toContain('hunter2');
  });

  it('is not taken for missing where nobody could be asked', async () => {
    for (const confidence of ['certain', 'likely'] as const) {
      const { request, upstream } = world(chart('redis', '1.2.3', { confidence }));
      upstream.fail(`${REDIS}:1.2.3`, unreachable());
      await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({
        code: 'UNREACHABLE',
        category: 'transport',
        hint: expect.stringContaining('if it stands inside only'),
      });
    }
  });

  it('may be an archive whose URL has a token, which never reaches a lock', async () => {
    const { request } = world(chart('redis', '1.2.3'));
    const { sources, ...rest } = request(BUNDLE);
    const resolve: typeof sources.chart.resolve = async (...asked) =>
      (await sources.chart.resolve(...asked)).map((pin) =>
        pin.from === 'repository' ? { ...pin, url: `${pin.url}?token=hunter2` } : pin,
      );
    const leaking = { ...rest, sources: { ...sources, chart: { ...sources.chart, resolve } } };
    const error = (await collect(leaking, quietRun()).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^cannot resolve chart .* ← git .* carries credentials/),
    });
    expect(JSON.stringify([error.message, error])).not.toContain('hunter2');
  });

  it('may be an address that is none', async () => {
    const { request } = world(git('b', 'x', { url: 'not an address' }));
    await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
      message: expect.stringContaining('git not an address ← git git.example/ops/home'),
    });
  });
});

describe('following', () => {
  it('ends at twenty rounds', async () => {
    const { request, repositories, upstream } = world(git('r0', 'x'));
    for (let i = 0; i < 25; i += 1) {
      upstream.serveGit(`https://git.example/r${i}`, { 'refs/heads/main': OID });
      repositories.set(`git.example/r${i}`, { x: pointing(git(`r${i + 1}`, 'x')) });
    }
    await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('more than 20 times'),
    });
  });

  it('ends at a thousand items, before it asks for them', async () => {
    const { request, upstream } = world(...Array.from({ length: 1001 }, (_, i) => chart(`c${i}`, '1')));
    await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(upstream.calls.join()).not.toContain('charts.example');
  });

  it('is seen by a preview as well, which fetches nothing into the depot', async () => {
    const { request } = world(chart('redis', '1.2.3'));
    const preview = await previewCollect(request(BUNDLE), quietRun());
    expect(preview.items.map(({ kind }) => kind)).toEqual(['chart', 'git', 'image']);
    expect(preview.leads).toMatchObject([{ outcome: 'included' }]);
  });

  it('asks nothing more where no repository is looked into', async () => {
    const { request, upstream } = world(chart('redis', '1.2.3'));
    await collect(request(`git: [{url: "${HOME}"}]`), quietRun());
    expect(upstream.calls).toEqual([`resolve ${HOME}`, `fetch ${HOME}`]);
    expect(configOf(BUNDLE).waivers).toBeUndefined();
  });
});
