import { describe, expect, it } from 'vitest';
import { aboutThere, describeAnew, describeRepository } from './provenance.ts';

const SOURCE = 'https://git.example/ops/line-3.git';
const RELEASE = { channel: 'line', version: '1.4.0', sequence: 17, statement: 'sha256:0' };
const NEXT = { ...RELEASE, version: '1.5.0', sequence: 18 };
const OURS = `Mirror of ${SOURCE}, loaded by gapferry with line 1.4.0 (release 17)`;
const NEXT_OURS = `Mirror of ${SOURCE}, loaded by gapferry with line 1.5.0 (release 18)`;

describe('the description of a loaded repository', () => {
  it('is what upstream says, then where it comes from', () => {
    expect(describeRepository(SOURCE, RELEASE)).toBe(OURS);
    expect(describeRepository(SOURCE, RELEASE, 'Press line 3')).toBe(`Press line 3 — ${OURS}`);
    expect(describeRepository(undefined, RELEASE)).toBe('loaded by gapferry with line 1.4.0 (release 17)');
  });

  it.each([
    ['', {}],
    [OURS, {}],
    [`Press line 3 — ${OURS}`, { description: 'Press line 3' }],
    [`A — Mirror of nothing — ${OURS}`, { description: 'A — Mirror of nothing' }],
    ['Ask Ada', { description: 'Ask Ada' }],
    [`${OURS}; ask Ada`, { description: `${OURS}; ask Ada` }],
  ])('is read without our own part: %s', (description, about) => {
    expect(aboutThere({ description })).toEqual(about);
  });

  it('fits into what hosts take, and still says that it is ours', () => {
    const text = describeRepository(`https://git.example/${'x'.repeat(1500)}`, RELEASE, 'y'.repeat(1000));
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(aboutThere({ description: text })).toEqual({ description: 'y'.repeat(1000) });
  });
});

describe('a repository that is loaded again', () => {
  const anew = (description: string, about: object = {}, left: object[] = []) =>
    describeAnew({ description }, { source: SOURCE, release: NEXT, about, left });

  it('has the release renewed where the words before it are upstream’s', () => {
    expect(anew(OURS)).toEqual({ facts: { description: NEXT_OURS }, saysOther: false });
    const said = { description: 'Line 3' };
    expect(anew(`Line 3 — ${OURS}`, said, [said])).toEqual({
      facts: { description: `Line 3 — ${NEXT_OURS}` },
      saysOther: false,
    });
  });

  it('has the words themselves replaced where they are what was set before', () => {
    const { facts, saysOther } = anew(`Line 2 — ${OURS}`, { description: 'Line 3' }, [
      { description: 'Line 2' },
    ]);
    expect([facts.description, saysOther]).toEqual([`Line 3 — ${NEXT_OURS}`, true]);
    expect(anew(`Line 2 — ${OURS}`, {}, [{ description: 'Line 2' }]).facts.description).toBe(NEXT_OURS);
  });

  it.each(['Ask Ada', `Ask Ada — ${OURS}`, 'Line 3'])('keeps what somebody wrote: %s', (description) => {
    const left = [{ description: 'Line 2' }];
    const about = { description: description === 'Line 3' ? 'Line 3' : 'Line 4' };
    expect(anew(description, about, left)).toEqual({ facts: {}, saysOther: false });
  });
});
