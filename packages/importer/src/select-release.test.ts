import { describe, expect, it } from 'vitest';
import { selectRelease } from './select-release.ts';

const a1 = { channel: 'line-a', sequence: 1 };
const a2 = { channel: 'line-a', sequence: 2 };
const a10 = { channel: 'line-a', sequence: 10 };
const b1 = { channel: 'line-b', sequence: 1 };

describe('selecting a release', () => {
  it('takes the newest of the only channel', () => {
    expect(selectRelease([a1, a10, a2])).toEqual(a10);
  });

  it('takes the channel and the number that were asked for', () => {
    expect(selectRelease([a1, a2, b1], { channel: 'line-a' })).toEqual(a2);
    expect(selectRelease([a1, a2, b1], { channel: 'line-a', sequence: 1 })).toEqual(a1);
    expect(selectRelease([a1, a2, b1], { sequence: 2 })).toEqual(a2);
  });

  it('asks which channel is meant, and lists them', () => {
    expect(() => selectRelease([a1, b1])).toThrow(
      expect.objectContaining({
        code: 'RELEASE_AMBIGUOUS',
        message: expect.stringContaining('line-a, line-b'),
      }),
    );
    expect(() => selectRelease([a1, b1], { sequence: 1 })).toThrow(
      expect.objectContaining({ code: 'RELEASE_AMBIGUOUS' }),
    );
  });

  it('says what is there when what was asked for is not', () => {
    expect(() => selectRelease([a1, b1], { channel: 'line-c' })).toThrow(
      expect.objectContaining({
        code: 'RELEASE_NOT_FOUND',
        message: expect.stringContaining('line-a/1, line-b/1'),
      }),
    );
    expect(() => selectRelease([a1], { sequence: 3 })).toThrow(/no release number 3; it holds line-a\/1/);
  });

  it('says that there is none at all', () => {
    expect(() => selectRelease([])).toThrow(/holds no release at all/);
  });
});
