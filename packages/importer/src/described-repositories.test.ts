import { type SimulatedRelease, simulatedRelease } from '@gapferry/bundle/testing';
import { aboutChange, type RepositoryAbout, type Target } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { first, Inside, ITEMS, secondRelease } from './testing/inside.ts';

/** A target that shows what is said of its one repository. */
class Host {
  readonly inside: Inside = new Inside();
  /** What stands there. */
  about: RepositoryAbout = {};
  settled = 0;
  /** Where the process is killed. */
  dies = false;

  get target(): Target {
    const { target } = this.inside;
    return {
      name: target.name,
      inspect: async (load, run) => {
        const presence = await target.inspect(load, run);
        if (load.kind !== 'git' || load.phase !== 'name') return presence;
        return { ...presence, about: { wanted: load.about ?? {}, there: this.about } };
      },
      load: async (load, from, run) => {
        const outcome = await target.load(load, from, run);
        if (load.kind !== 'git' || load.phase !== 'name') return outcome;
        const change = aboutChange(load.about ?? {}, this.about, load.aboutLeft ?? []);
        if (change !== undefined) {
          this.settled += 1;
          this.about = { ...this.about, ...change };
        }
        if (this.dies) throw new Error('killed');
        return change === undefined ? outcome : { ...outcome, state: 'loaded' };
      },
      readBack: (load, run) => target.readBack(load, run),
    };
  }

  get targets(): ReadonlyMap<string, Target> {
    return new Map([['depot', this.target]]);
  }
}

function release(about: RepositoryAbout | undefined, sequence = 1, previous?: string): SimulatedRelease {
  const made = simulatedRelease({ git: ITEMS.git ?? {} }, sequence, previous as never);
  if (about !== undefined) made.manifest.items[0].about = about;
  return made;
}

let host: Host;
beforeEach(() => {
  host = new Host();
});

describe('what is said of a repository', () => {
  it('is set with the refs, is the channel’s own afterwards, and changes without them', async () => {
    const { inside, targets } = host;
    const one = await inside.carry(release({ description: 'Line 3', topics: ['plc'] }));
    await inside.importRelease(first, { targets });
    expect(host.about).toEqual({ description: 'Line 3', topics: ['plc'] });
    await inside.carry(release({ topics: ['plc', 'scada'] }, 2, one));
    const plan = await inside.plan(secondRelease, { targets });
    expect(plan.steps[0]).toMatchObject({
      contentAction: 'same',
      nameAction: 'describe',
      bytes: 0,
      about: {
        from: { description: 'Line 3', topics: ['plc'] },
        to: { description: '', topics: ['plc', 'scada'] },
      },
    });
    expect(plan.totals).toMatchObject({ toLoad: 1, same: 0, moved: 0 });
    const { kind, record } = await inside.apply(plan, { targets });
    expect([kind, record.items[0]?.outcome]).toEqual(['loaded', 'loaded']);
    expect(host.about).toEqual({ description: '', topics: ['plc', 'scada'] });
    expect((await inside.importRelease(secondRelease, { targets })).kind).toBe('unchanged');
    expect(host.settled).toBe(2);
  });

  it('stays where somebody else wrote it, also when upstream changes', async () => {
    const { inside, targets } = host;
    const one = await inside.carry(release({ description: 'Line 3', topics: ['plc'] }));
    await inside.importRelease(first, { targets });
    host.about = { description: 'Ask Ada', topics: ['plc'] };
    await inside.carry(release({ description: 'Press line 3', topics: ['press'] }, 2, one));
    await inside.importRelease(secondRelease, { targets });
    expect(host.about).toEqual({ description: 'Ask Ada', topics: ['press'] });
    expect((await inside.importRelease(secondRelease, { targets })).kind).toBe('unchanged');
  });

  it('is the channel’s own also when the process died before it could say so', async () => {
    const { inside, targets } = host;
    const one = await inside.carry(release({ description: 'Line 3' }));
    host.dies = true;
    await expect(inside.importRelease(first, { targets })).rejects.toThrow('killed');
    host.dies = false;
    await inside.carry(release({ description: 'Line 4' }, 2, one));
    await inside.importRelease(secondRelease, { targets });
    expect(host.about).toEqual({ description: 'Line 4' });
  });

  it('is the channel’s own where it stood there already, as a ref is', async () => {
    const { inside, targets } = host;
    host.about = { topics: ['plc'] };
    const one = await inside.carry(release(undefined));
    await inside.importRelease(first, { targets });
    const two = await inside.carry(release({ topics: ['plc'] }, 2, one));
    await inside.importRelease(secondRelease, { targets });
    await inside.carry(release({ topics: ['press'] }, 3, two));
    await inside.importRelease({ channel: 'line-a', sequence: 3 }, { targets });
    expect(host.about).toEqual({ topics: ['press'] });
  });

  it('leaves nothing in the ledger of a target that takes nothing of it, nor of a release that says nothing', async () => {
    const { inside } = host;
    await inside.carry(release({ description: 'Line 3' }));
    await inside.importRelease(first);
    const other = new Host();
    await other.inside.carry(release(undefined));
    await other.inside.importRelease(first, { targets: other.targets });
    for (const { ledger } of [inside, other.inside])
      expect(JSON.stringify([...ledger.history()])).not.toContain('about');
  });
});
