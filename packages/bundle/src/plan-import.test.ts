import type { Digest, NameState, Presence, TargetObstacle, TargetPermission } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VerifiedRelease } from './complete.ts';
import { type ItemLoads, importLoads, placeOf, wantedState } from './import-loads.ts';
import { type ImportPlan, type Ownership, planImport, requirePlanned } from './plan-import.ts';
import { attach, type SimulatedItems, simulatedRelease, verifySimulated } from './testing/index.ts';

function verified(items: SimulatedItems): VerifiedRelease {
  return verifySimulated(simulatedRelease(items));
}

const X = 'sha256:'.padEnd(71, 'e');
const Y = 'sha256:'.padEnd(71, 'f');
const MAIN = 'a'.repeat(40);
const image = verified({ images: { 'docker.io/library/nginx:1.27': 'nginx' } });
const git = verified({ git: { 'git.example/ops': { main: MAIN, next: 'b'.repeat(40) } } });

interface Scene {
  readonly outlook?: Pick<Presence, 'changes' | 'prunable' | 'head' | 'about'> & { readonly stands?: true };
  readonly there?: NameState;
  readonly content?: Presence;
  readonly owner?: Ownership;
  readonly permissions?: readonly TargetPermission[];
  readonly obstacles?: readonly TargetObstacle[];
}

/** Plans a release of one item, of which the target and the ledger say what the scene says. */
function plan(
  release: VerifiedRelease,
  { there, content, owner, outlook, permissions, obstacles }: Scene = {},
): ImportPlan {
  const loads = importLoads(
    release,
    [{ name: 'depot', takes: ['image', 'chart', 'git', 'file'] }],
    new Map(),
  );
  const surveyed = loads.map((item) => ({
    ...item,
    ...(item.content && { contentPresence: content ?? { state: 'absent' as const, missingBytes: 10 } }),
    namePresence: { ...presenceOf(item, there), ...outlook },
  }));
  return planImport(release, surveyed, () => owner, permissions, obstacles);
}

function presenceOf({ name }: ItemLoads, there: NameState | undefined): Presence {
  if (there === undefined) return { state: 'absent', missingBytes: 0 };
  const same = JSON.stringify(there) === JSON.stringify(wantedState(name));
  return same ? { state: 'same' } : { state: 'different', there, missingBytes: 0 };
}

const conflict = expect.objectContaining({ code: 'TARGET_CONFLICT' });
const wanted = wantedState(
  importLoads(image, [{ name: 'd', takes: ['image'] }], new Map())[0]?.name as never,
);

describe('a repository whose refs all stand', () => {
  const there = wantedState(importLoads(git, [{ name: 'd', takes: ['git'] }], new Map())[0]?.name as never);
  const content = { state: 'same' } as const;
  const head = { from: 'refs/heads/next', to: 'refs/heads/main' };

  it('is described anew where only HEAD differs, or what is said of it', () => {
    // In another order: not the same, though all refs are.
    const turned = Object.fromEntries(Object.entries(there).reverse());
    const headOnly = { content, there: turned, outlook: { head } };
    expect(plan(git, headOnly).steps[0]).toMatchObject({ nameAction: 'describe', head });
    const lacking = { ...headOnly, there: { 'refs/heads/main': MAIN } };
    expect(plan(git, lacking).steps[0]?.nameAction).toBe('create');
    const about = { wanted: { topics: ['plc'] }, there: {} };
    const { steps, totals } = plan(git, { content, there, outlook: { about } });
    expect(steps[0]).toMatchObject({
      nameAction: 'describe',
      name: { about: { topics: ['plc'] }, aboutLeft: [] },
      about: { from: {}, to: { topics: ['plc'] } },
    });
    expect(totals).toMatchObject({ toLoad: 1, moved: 0, bytes: 0 });
  });

  it('is the same where somebody else wrote what is said of it, and where another channel did', () => {
    const about = { wanted: { topics: ['plc'] }, there: { topics: ['ours'] } };
    const owner = { channel: 'line-b', left: {}, about: [{ topics: ['ours'] }] };
    const { steps } = plan(git, { content, there, outlook: { about } });
    expect(steps[0]?.nameAction).toBe('same');
    expect(
      plan(git, { content, there: undefined as never, owner, outlook: { about } }).steps[0],
    ).toMatchObject({
      name: { aboutLeft: [] },
    });
  });
});

it('a file that stands, and of which only the list of its release does not tell, is not made anew', () => {
  const file = verified({ files: { 'tools/tool.bin': 'tool' } });
  const outlook = { stands: true } as const;
  expect(plan(file, { content: { state: 'same' }, outlook }).steps[0]?.nameAction).toBe('describe');
  expect(plan(file, { content: { state: 'same' } }).steps[0]?.nameAction).toBe('create');
  // At a bucket the key of this release is another one than that of the last.
  expect(plan(file, { outlook }).steps[0]?.nameAction).toBe('create');
});

describe('what stands in the way', () => {
  const full = { target: 'depot', on: 'a', problem: 'project a is full', remedy: 'raise its quota' };
  const gone = { target: 'depot', on: 'b', problem: 'there is no project b', remedy: 'make it' };
  const push = { target: 'depot', on: 'c', action: 'push', state: 'lacking', remedy: 'let it push' } as const;

  it('is told all at once with what lacks, and each remedy once', () => {
    const obstacles = [full, gone, { ...gone, problem: 'there is no project d' }];
    expect(() => plan(image, { obstacles, permissions: [push] })).toThrow(
      expect.objectContaining({
        code: 'TARGET_CONFLICT',
        message:
          'the release cannot be loaded as things stand: project a is full (target depot); there is no project b (target depot); there is no project d (target depot); it also lacks permissions: push on c at target depot',
        hint: 'nothing was loaded; raise its quota; make it; let it push',
        data: { obstacles, permissions: [push] },
      }),
    );
  });

  it('is told with conflicts', () => {
    expect(() => plan(image, { there: { digest: X }, obstacles: [full] })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/is not its own: .*; besides, project a is full \(target depot\)$/),
        hint: expect.stringContaining('; raise its quota'),
      }),
    );
  });
});

describe('a place that is empty', () => {
  it('says what is made first', () => {
    const content = { state: 'absent', missingBytes: 10, makes: 'project a (private)' } as const;
    expect(plan(image, { content }).steps[0]).toMatchObject({ makes: 'project a (private)' });
  });

  it('is filled: content is sent, the name is created', () => {
    const { steps, totals } = plan(image);
    expect(steps[0]).toMatchObject({ contentAction: 'send', nameAction: 'create', bytes: 10 });
    expect(steps[0]?.name).not.toHaveProperty('replaces');
    expect(totals).toEqual({ items: 1, toLoad: 1, same: 0, moved: 0, bytes: 10 });
  });

  it('whose content is there already sends nothing', () => {
    expect(plan(image, { content: { state: 'same' } }).totals).toMatchObject({ toLoad: 1, bytes: 0 });
  });

  it('is kept free for the channel that filled it before', () => {
    expect(() => plan(image, { owner: { channel: 'line-b', left: { digest: X } } })).toThrow(conflict);
  });

  it('is free when another channel only meant to fill it', () => {
    const owner = { channel: 'line-b', left: {}, intended: [{ digest: X }] };
    expect(plan(image, { owner }).steps[0]?.nameAction).toBe('create');
    expect(() => plan(image, { owner, there: { digest: X } })).toThrow(conflict);
  });
});

describe('a place that holds what is wanted', () => {
  it('needs nothing', () => {
    expect(plan(image, { content: { state: 'same' }, there: wanted }).totals).toEqual({
      items: 1,
      toLoad: 0,
      same: 1,
      moved: 0,
      bytes: 0,
    });
  });

  it('is still refused when it is another channel’s', () => {
    expect(() => plan(image, { there: wanted, owner: { channel: 'line-b', left: wanted } })).toThrow(
      /belongs to channel line-b/,
    );
  });
});

describe('a place that holds something else', () => {
  it('moves when the channel left it there, and the load says what it may replace', () => {
    const { steps, totals } = plan(image, {
      there: { digest: X },
      owner: { channel: 'line-a', left: { digest: X } },
    });
    expect(steps[0]).toMatchObject({ nameAction: 'move', name: { replaces: { digest: X } } });
    expect(totals.moved).toBe(1);
  });

  it('is a conflict when nobody knows who put it there', () => {
    expect(() => plan(image, { there: { digest: X } })).toThrow(
      expect.objectContaining({
        code: 'TARGET_CONFLICT',
        message: expect.stringContaining('image docker.io/library/nginx:1.27 at target depot'),
      }),
    );
  });

  it('is a conflict when somebody changed it after the channel left it', () => {
    expect(() =>
      plan(image, { there: { digest: Y }, owner: { channel: 'line-a', left: { digest: X } } }),
    ).toThrow(conflict);
  });

  it('moves when a stopped import of the channel was about to put it there', () => {
    const owner = {
      channel: 'line-a',
      left: { digest: X },
      intended: [{ digest: 'sha256:0' }, { digest: Y }],
    };
    expect(plan(image, { there: { digest: Y }, owner }).steps[0]?.nameAction).toBe('move');
  });

  it("is no conflict's way out that another channel intended it", () => {
    const owner = { channel: 'line-b', left: {}, intended: [{ digest: Y }] };
    expect(() => plan(image, { there: { digest: Y }, owner })).toThrow(conflict);
  });
});

describe('refs of a repository', () => {
  it('beside those that are there replace nothing', () => {
    const { steps } = plan(git, { there: { 'refs/heads/main': MAIN } });
    expect(steps[0]).toMatchObject({ nameAction: 'create', name: { replaces: { 'refs/heads/main': MAIN } } });
  });

  it('move when the channel left them, one by one', () => {
    const there = { 'refs/heads/main': 'c'.repeat(40) };
    expect(plan(git, { there, owner: { channel: 'line-a', left: there } }).steps[0]?.nameAction).toBe('move');
    expect(() =>
      plan(git, {
        there: { ...there, 'refs/heads/next': 'd'.repeat(40) },
        owner: { channel: 'line-a', left: there },
      }),
    ).toThrow(/refs\/heads\/next stands at d{40}, which this channel did not put there/);
  });
});

describe('permissions', () => {
  const base = { target: 'depot', on: 'a' };
  const probed: TargetPermission = { ...base, action: 'push', state: 'probed' };
  const lacking: TargetPermission = { ...base, action: 'tag', state: 'lacking', remedy: 'let it tag' };

  it('that may be there are told, one that lacks is no plan', () => {
    expect(plan(image, { permissions: [probed] }).permissions).toEqual([probed]);
    expect(() => plan(image, { permissions: [probed, lacking] })).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', data: { permissions: [probed, lacking] } }),
    );
  });

  it('that lack beside a conflict are told with it', () => {
    expect(() => plan(image, { there: { digest: X }, permissions: [lacking] })).toThrow(
      expect.objectContaining({
        code: 'TARGET_CONFLICT',
        message: expect.stringMatching(
          /did not put there; it also lacks permissions: tag on a at target depot$/,
        ),
        data: expect.objectContaining({ permissions: [lacking] }),
      }),
    );
  });
});

describe('a plan', () => {
  it('tells all conflicts at once, ten in words', () => {
    const images = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`docker.io/a/b:${i}`, `b${i}`]));
    expect(() => plan(verified({ images }), { there: { digest: X } })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/and 2 more$/) }),
    );
  });

  it('refuses two items that want one place', () => {
    const both = { charts: { 'ghcr.io/app:1.0.0+a': 'one' }, images: { 'ghcr.io/app:1.0.0_a': 'two' } };
    expect(() => plan(verified(both))).toThrow(
      expect.objectContaining({
        code: 'NAME_UNSAFE',
        message: expect.stringContaining('image ghcr.io/app:1.0.0_a'),
      }),
    );
  });

  it('counts what two items share once, since it is sent once', () => {
    const images = { 'docker.io/library/nginx:1.27': 'nginx', 'docker.io/library/nginx:1': 'nginx' };
    const release = verifySimulated(simulatedRelease({ images }));
    const all = release.opened.manifest.blobs.reduce((sum, { size }) => sum + size, 0);
    const { steps, totals } = plan(release, { content: { state: 'absent', missingBytes: all } });
    expect(steps.map(({ bytes }) => bytes)).toEqual([all, all]);
    expect(totals).toMatchObject({ toLoad: 2, bytes: all });
  });

  it('counts an item once, whatever tags its attachments have', () => {
    const release = simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'nginx' } });
    const { tag } = attach(release, 'docker.io/library/nginx:1.27', { tag: 'sig' });
    attach(release, 'docker.io/library/nginx:1.27', { text: 'sbom' });
    const { steps, totals } = plan(verifySimulated(release));
    expect(steps.map(({ name }) => placeOf(name))).toEqual([
      'oci docker.io/library/nginx:1.27',
      `oci docker.io/library/nginx:${tag}`,
    ]);
    expect(steps[1]).toMatchObject({ contentAction: 'same', nameAction: 'create', bytes: 0 });
    expect(steps[1]).not.toHaveProperty('content');
    expect(totals).toEqual({ items: 1, toLoad: 1, same: 0, moved: 0, bytes: 10 });
  });

  it('is nothing but what planImport made, and cannot be changed', () => {
    const made = plan(image);
    expect(requirePlanned(made)).toBe(made);
    expect(() => requirePlanned({ ...made })).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => Object.assign(made, { steps: [] })).toThrow(TypeError);
    expect(() => (made.steps as unknown[]).pop()).toThrow(TypeError);
  });

  it('moves a name only from a state that the channel left or was about to leave', () => {
    const digest = fc.constantFrom(X, Y, String(wanted['digest'])) as fc.Arbitrary<Digest>;
    const state = fc.option(
      digest.map((value) => ({ digest: value })),
      { nil: undefined },
    );
    const owner = fc.option(
      fc.record({
        channel: fc.constantFrom('line-a', 'line-b'),
        left: state.map((left): NameState => left ?? {}),
        intended: fc.array(digest.map((value) => ({ digest: value }))),
      }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(state, owner, (there, who) => {
        try {
          const [step] = plan(image, { ...(there && { there }), ...(who && { owner: who }) }).steps;
          const own =
            who?.channel === 'line-a' ? [who.left['digest'], ...who.intended.map((s) => s.digest)] : [];
          if (step?.nameAction === 'move') expect(own).toContain(there?.digest);
          else expect([undefined, wanted['digest']]).toContain(there?.digest);
        } catch (error) {
          expect(error).toEqual(conflict);
        }
      }),
    );
  });
});

describe('what a Git host says of its refs', () => {
  const refs = { 'refs/heads/main': MAIN, 'refs/heads/next': 'b'.repeat(40) };
  const left = { ...refs, 'refs/heads/old': 'c'.repeat(40), 'refs/heads/ours': 'd'.repeat(40) };
  const owner = { channel: 'line-a', left };
  const gone = { ref: 'refs/heads/old', how: 'prune', from: 'c'.repeat(40), backup: 'refs/x' } as const;
  const worked = { ref: 'refs/heads/ours', how: 'prune', from: 'e'.repeat(40) } as const;
  const foreign = { ref: 'refs/heads/theirs', how: 'prune', from: 'f'.repeat(40) } as const;

  it('lets go only of refs that the channel left, and where it left them', () => {
    const scene = { there: refs, owner, outlook: { prunable: [gone, worked, foreign] } };
    const [step] = plan(git, scene).steps;
    expect(step).toMatchObject({
      nameAction: 'move',
      refs: [gone],
      name: { prunes: { 'refs/heads/old': gone.from } },
    });
  });

  it('changes nothing where none of them is its own', () => {
    const [step] = plan(git, { there: refs, outlook: { prunable: [gone, foreign] } }).steps;
    expect(step).toMatchObject({ nameAction: 'same' });
    expect(step).not.toHaveProperty('refs');
    expect(step?.name).not.toHaveProperty('prunes');
  });

  it('is in the plan, each ref of it', () => {
    const change = { ref: 'refs/heads/main', how: 'forward', commits: 3 } as const;
    const there = { ...refs, 'refs/heads/main': '9'.repeat(40) };
    const scene = { there, owner: { ...owner, left: there }, outlook: { changes: [change] } };
    expect(plan(git, scene).steps[0]?.refs).toEqual([change]);
    expect(plan(git).steps[0]?.isNew).toBe(true);
  });

  it('that it refuses stops the import, each with its reason', () => {
    const refused = {
      ...gone,
      ref: 'refs/tags/v1',
      how: 'move-tag',
      refused: 'a tag is never moved',
    } as const;
    const scene = { owner, outlook: { changes: [refused, { ...refused, ref: 'refs/tags/v2' }] } };
    expect(() => plan(git, scene)).toThrow(conflict);
    expect(() => plan(git, scene)).toThrow(
      /does not take.*refs\/tags\/v1 changed: a tag is never moved.*refs\/tags\/v2/,
    );
    expect(() =>
      plan(git, { there: refs, owner, outlook: { prunable: [{ ...gone, refused: 'protected' }] } }),
    ).toThrow(/protected/);
  });
});
