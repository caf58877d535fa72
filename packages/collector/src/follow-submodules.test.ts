import { encodeLock, type Lock, parseLock } from '@gapferry/bundle';
import { GapferryError, type Pin, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { Collected } from './request.ts';
import { surveyBundle } from './survey-bundle.ts';
import {
  configOf,
  type GitOpsWorld,
  git,
  gitOpsWorld,
  HOME,
  OID,
  pointing,
  submodule,
} from './testing/gitops-world.ts';

const BUNDLE = `git: [{url: "${HOME}"}]`;
const HOME_ID = 'git.example/ops/home';
const [C1, C2, C3] = ['1'.repeat(40), '2'.repeat(40), '3'.repeat(40)];
const NAMED = {
  item: `git ${HOME_ID}`,
  method: 'submodule',
  file: '.gitmodules',
  object: 'submodule "lib"',
  path: 'libs/lib',
};

/** `home` has `lib` at C1, which has `deep` at C2. */
function world(): GitOpsWorld {
  const made = gitOpsWorld();
  made.submodules.set(HOME_ID, { '*': [submodule('lib', C1)] });
  made.submodules.set('git.example/lib', { '*': [submodule('never', C3)], [C1]: [submodule('deep', C2)] });
  made.submodules.set('git.example/deep', { '*': [submodule('never', C3)], [C2]: [] });
  for (const name of ['lib', 'deep'])
    made.upstream.serveGit(`https://git.example/${name}`, { 'refs/heads/main': OID, 'refs/tags/v1': C3 });
  return made;
}

function itemsOf({ manifest }: Collected): string[] {
  return manifest.items.map(({ id }) => id);
}

async function errorOf(made: GitOpsWorld, body = BUNDLE): Promise<GapferryError> {
  const error = await collect(made.request(body), quietRun()).catch((caught: unknown) => caught);
  if (error instanceof GapferryError) return error;
  throw new Error('it succeeded');
}

describe('a submodule', () => {
  it('is an item of its own, and so are its own submodules at that commit', async () => {
    const { request, looked, upstream } = world();
    const first = await collect(request(BUNDLE), quietRun());
    expect(itemsOf(first)).toEqual(['git.example/deep', 'git.example/lib', HOME_ID]);
    expect(first.manifest.items[1]).toMatchObject({ kind: 'git', namedBy: [NAMED] });
    expect(first.manifest.items[0]).toMatchObject({ namedBy: [{ item: 'git git.example/lib' }] });
    expect(first.lock.pins.map((pin) => 'commits' in pin && pin.commits)).toEqual([[C2], [C1], false]);
    expect(looked).toEqual(['submodule git.example/lib 11', 'submodule git.example/deep 22']);
    expect(first.leads).toMatchObject([
      { outcome: 'included', became: 'git git.example/lib', confidence: 'certain' },
      { outcome: 'included', became: 'git git.example/deep' },
    ]);
    const lock = parseLock(Buffer.from(encodeLock(first.lock)), 'lock');
    expect(lock).toEqual(first.lock);
    const asked = upstream.calls.length;
    const again = await collect(request(BUNDLE, { lock, locked: true }), quietRun());
    expect(again.manifestDigest).toBe(first.manifestDigest);
    expect(upstream.calls.slice(asked).filter((call) => call.startsWith('resolve'))).toEqual([]);
    expect(looked).toHaveLength(2);
  });

  it('stays out where its line says so, also for the lock', async () => {
    const { request, looked } = world();
    const without = `git: [{url: "${HOME}", submodules: none}]`;
    const { lock, manifest } = await collect(request(without), quietRun());
    expect([manifest.items.length, looked, lock.found]).toEqual([1, [], undefined]);
    const followed = await collect(request(BUNDLE), quietRun());
    const mixed: Lock = {
      ...followed.lock,
      pins: followed.lock.pins.map((pin) => (pin.id === HOME_ID ? (lock.pins[0] ?? pin) : pin)),
    };
    await expect(collect(request(without, { lock: mixed, locked: true }), quietRun())).rejects.toMatchObject({
      code: 'LOCK_STALE',
    });
  });

  it('is noticed when it is gone from the lock', async () => {
    const { request } = world();
    const { lock } = await collect(request(BUNDLE), quietRun());
    const locked = (changed: Lock) => collect(request(BUNDLE, { lock: changed, locked: true }), quietRun());
    const own = lock.pins.filter(({ id }) => id === HOME_ID);
    await expect(locked({ ...lock, pins: own })).rejects.toMatchObject({ code: 'LOCK_STALE' });
    const { found: _found, ...unfound } = lock;
    await expect(locked({ ...unfound, pins: own })).rejects.toMatchObject({ code: 'LOCK_STALE' });
    const other = lock.pins.map((pin) => (pin.id === 'git.example/lib' ? { ...pin, commits: [C3] } : pin));
    await expect(locked({ ...lock, pins: other })).rejects.toMatchObject({ code: 'LOCK_STALE' });
  });

  it('may be one in a ring, and at several commits: each is looked at once', async () => {
    const made = world();
    made.submodules.set('git.example/deep', { [C2]: [submodule('lib', C3), submodule('ops/home', OID)] });
    made.submodules.set('git.example/lib', { [C1]: [submodule('deep', C2)], [C3]: [submodule('deep', C2)] });
    made.submodules.set(HOME_ID, { '*': [submodule('lib', C1)], [OID]: [submodule('lib', C1)] });
    const { lock } = await collect(made.request(BUNDLE), quietRun());
    expect(lock.pins.map(({ id, ...pin }) => [id, 'commits' in pin && pin.commits])).toEqual([
      ['git.example/deep', [C2]],
      ['git.example/lib', [C1, C3]],
      [HOME_ID, [OID]],
    ]);
    expect(made.looked.filter((one) => one.startsWith('submodule'))).toEqual([
      'submodule git.example/lib 11',
      'submodule git.example/deep 22',
      `submodule ${HOME_ID} aa`,
      'submodule git.example/lib 33',
    ]);
    const again = collect(made.request(BUNDLE, { lock, locked: true }), quietRun());
    await expect(again).resolves.toMatchObject({ kind: 'sealed' });
  });

  it('is one repository, however its name is written', async () => {
    const made = world();
    made.upstream.serveGit('https://git.example/Lib', { 'refs/heads/main': OID });
    made.submodules.set(HOME_ID, { '*': [submodule('lib', C1), submodule('Lib', C3)] });
    made.submodules.set('git.example/Lib', { [C1]: [submodule('LIB', C2)], [C2]: [], [C3]: [] });
    const { lock } = await collect(made.request(BUNDLE), quietRun());
    expect(lock.pins).toMatchObject([{ id: 'git.example/Lib', commits: [C1, C2, C3] }, { id: HOME_ID }]);
    await collect(made.request(BUNDLE, { lock, locked: true }), quietRun());
  });

  it('may be an earlier commit of the repository itself, which then names nobody', async () => {
    const made = world();
    made.submodules.set(HOME_ID, { '*': [submodule('ops/home', OID)], [OID]: [] });
    const { lock, manifest } = await collect(made.request(BUNDLE), quietRun());
    expect(lock.pins).toMatchObject([{ id: HOME_ID, commits: [OID] }]);
    expect([lock.pins[0], manifest.items[0]].some((one) => 'namedBy' in (one ?? {}))).toBe(false);
    await collect(made.request(BUNDLE, { lock, locked: true }), quietRun());
    const pins = lock.pins.map(({ commits: _, ...pin }: Pin & { commits?: unknown }) => pin as Pin);
    const edited = collect(made.request(BUNDLE, { lock: { ...lock, pins }, locked: true }), quietRun());
    await expect(edited).rejects.toMatchObject({ code: 'LOCK_STALE' });
  });

  it('that bundle.yaml wants itself is named by what has it, with what its line says of refs', async () => {
    const { request } = world();
    const body = `git: [{url: "${HOME}"}, {url: "ssh://git@git.example/lib.git", as: libs/lib, refs: [main]}]`;
    const made = world();
    made.upstream.serveGit('ssh://git@git.example/lib.git', { 'refs/heads/main': OID, 'refs/tags/v1': C3 });
    made.submodules.set('libs/lib', { '*': [], [C1]: [] });
    const { lock } = await collect(made.request(body), quietRun());
    const pin = lock.pins.find(({ id }) => id === 'libs/lib');
    expect(pin).toMatchObject({ namedBy: [NAMED], refs: [{ name: 'refs/heads/main' }], commits: [C1] });
    expect(lock.pins).toHaveLength(2);
    await collect(made.request(body, { lock, locked: true }), quietRun());
    made.submodules.set('libs/lib', { '*': [] });
    expect(await errorOf(made, body)).toMatchObject({
      code: 'RELEASE_INCOMPLETE',
      message: expect.stringContaining(`bundle.yaml wants the repository without the commit ${C1}`),
    });
    expect(request).toBeDefined();
  });
});

describe('a submodule that cannot be had', () => {
  it('ends the collect with the chain and what to do', async () => {
    const made = world();
    made.submodules.set('git.example/lib', { [C1]: [submodule('gone', C2)] });
    const error = await errorOf(made);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', category: 'incomplete' });
    expect(error.message).toContain(
      `git git.example/gone ← git git.example/lib ← git ${HOME_ID} ← wish "git ${HOME}"`,
    );
    expect(error.message).toContain('.gitmodules: submodule "gone": libs/gone of git git.example/lib');
    expect(error.hint).toMatch(/submodules: none.*waivers/);
  });

  it('because no branch leads to its commit: likewise', async () => {
    const made = world();
    made.submodules.set(HOME_ID, { '*': [submodule('lib', C1), submodule('lib', C2)] });
    const error = await errorOf(made);
    expect(error).toMatchObject({ code: 'RELEASE_INCOMPLETE', category: 'incomplete' });
    expect(error.message).toContain(`no branch or tag of https://git.example/lib leads to the commit ${C2}`);
    expect(error.message).not.toContain(C1);
  });

  it('because its host does not answer: is a question that was not answered', async () => {
    const made = world();
    const down = new GapferryError({ code: 'UNREACHABLE', message: 'no answer', retryable: true });
    made.upstream.fail('https://git.example/deep', down);
    expect(await errorOf(made)).toMatchObject({ code: 'UNREACHABLE', category: 'transport' });
  });

  it('because its address is refused: ends it too', async () => {
    for (const finding of [
      submodule('x', C1, {
        url: '/srv/x',
        submodule: { refused: 'its URL names a directory of one machine' },
      }),
      submodule('x', C1, { url: 'https://127.0.0.1/x' }),
    ]) {
      const made = world();
      made.submodules.set(HOME_ID, { '*': [finding] });
      const error = await errorOf(made);
      expect(error).toMatchObject({ code: 'RELEASE_INCOMPLETE' });
      expect(error.hint).toMatch(/mend .gitmodules upstream.*submodules: none.*waivers/);
    }
  });

  it('is left out where a waiver says so, with all that it has', async () => {
    const made = world();
    const body = `${BUNDLE}\nwaivers: [{git: git.example/lib, reason: its code is not built inside}]`;
    const { lock, manifest } = await collect(made.request(body), quietRun());
    expect(manifest.items).toHaveLength(1);
    expect(lock.waived).toMatchObject([{ git: 'git.example/lib', namedBy: [NAMED] }]);
    await collect(made.request(body, { lock, locked: true }), quietRun());
  });
});

describe('a submodule of a repository on this machine', () => {
  const at = (path: string, commit: string) => submodule('lib', commit, { url: `file:///srv/${path}` });

  it('is followed there, and must be the only one of its name', async () => {
    const made = gitOpsWorld();
    for (const path of ['home', 'team/lib', 'other/lib'])
      made.upstream.serveGit(`file:///srv/${path}`, { 'refs/heads/main': OID });
    made.submodules.set('file/home', { '*': [at('team/lib', C1)] });
    made.submodules.set('file/lib', { [C1]: [], [C2]: [] });
    const body = 'git: [{url: "file:///srv/home"}]';
    const { lock } = await collect(made.request(body), quietRun());
    expect(lock.pins.map(({ id }) => id)).toEqual(['file/home', 'file/lib']);
    await collect(made.request(body, { lock, locked: true }), quietRun());
    made.submodules.set('file/home', { '*': [at('team/lib', C1), at('other/lib', C2)] });
    expect((await errorOf(made, body)).message).toContain('would both be file/lib');
    const own = 'git: [{url: "file:///srv/home"}, {url: "file:///srv/other/lib"}]';
    made.submodules.set('file/home', { '*': [at('team/lib', C1)] });
    expect((await errorOf(made, own)).message).toContain('bundle.yaml has another repository of that name');
  });
});

describe('a survey', () => {
  it('tells submodules where it asks for repositories at all', async () => {
    const made = world();
    const body = `git: [{url: "${HOME}", images: discover}]`;
    const { sources, discovery } = made.request(body);
    const config = configOf(body);
    if (discovery === undefined) throw new Error('no discovery');
    const { leads } = await surveyBundle({ config, sources, discovery }, quietRun());
    expect(leads.map(({ to }) => to)).toEqual([
      `git https://git.example/lib ${C1}`,
      `git https://git.example/deep ${C2}`,
    ]);
  });
});

describe('what a reference deploys from', () => {
  it('has submodules that are left out where upstream has none, unless its line says "none"', async () => {
    const made = gitOpsWorld();
    const likely = submodule('gone', C1, { confidence: 'likely' });
    made.repositories.set(HOME_ID, { '*': pointing(git('b', 'deploy')) });
    made.repositories.set('git.example/b', { deploy: pointing(likely) });
    made.upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    const body = `git: [{url: "${HOME}", images: discover}]`;
    const { leads } = await collect(made.request(body), quietRun());
    expect(leads?.map(({ outcome }) => outcome)).toEqual(['included', 'listed']);
    made.upstream.serveGit('https://git.example/gone', { 'refs/heads/main': C1 });
    made.submodules.set('git.example/gone', { [C1]: [] });
    expect(itemsOf(await collect(made.request(body), quietRun()))).toContain('git.example/gone');
  });
});
