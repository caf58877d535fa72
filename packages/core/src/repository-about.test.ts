import { describe, expect, it } from 'vitest';
import { aboutChange, homepageOf, toRepositoryAbout } from './repository-about.ts';

describe('what a host says of a repository', () => {
  it('is carried as one printable line, an address and sorted topics', () => {
    const said = {
      description: ' Press \u200e line 3\n\n\tmanifests\u202e \u0007 ',
      homepage: 'https://line3.example',
      topics: ['plc', 'Process control', 'gitops', 'v1.2', 'plc'],
    };
    expect(toRepositoryAbout(said)).toEqual({
      description: 'Press line 3 manifests',
      homepage: 'https://line3.example/',
      topics: ['gitops', 'plc', 'process-control', 'v1-2'],
    });
  });

  it.each([
    [{}],
    [{ description: '', homepage: '', topics: [] }],
    [{ description: null, homepage: 7, topics: 'plc' }],
    [
      {
        description: '\u0000\u202e',
        homepage: 'line3.example',
        topics: ['', 'größe', 'c++', 'x'.repeat(51)],
      },
    ],
  ])('says nothing where nothing is to be carried: %j', (said) => {
    expect(toRepositoryAbout(said)).toEqual({});
  });

  it.each([
    'javascript:alert(1)',
    'ftp://line3.example/',
    'https://ada:Sesam-4711@line3.example/',
    'https://line3.example/?access_token=Sesam-4711',
    `https://line3.example/${'x'.repeat(1000)}`,
  ])('has no homepage that is not for everybody: %s', (text) => {
    expect(homepageOf(text)).toBeUndefined();
  });

  it('is cut where it is too long, never within a character, and has no half ones', () => {
    const { description = '' } = toRepositoryAbout({ description: `${'x'.repeat(999)}🙂 \ud83d` });
    expect(description).toBe('x'.repeat(999));
    expect(toRepositoryAbout({ description: 'a\ud83db' }).description).toBe('a\ufffdb');
  });

  it('has at most fifty topics', () => {
    const topics = Array.from({ length: 60 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    expect(toRepositoryAbout({ topics: topics.reverse() }).topics).toHaveLength(50);
  });
});

describe('what is set where a repository is loaded', () => {
  const wanted = { description: 'Line 3', topics: ['plc'] };

  it('is everything where nothing stands, and nothing where it stands', () => {
    expect(aboutChange(wanted, {}, [])).toEqual(wanted);
    expect(aboutChange(wanted, { ...wanted, topics: ['plc'] }, [])).toBeUndefined();
  });

  it('replaces what was set before, and nothing that somebody wrote', () => {
    const there = { description: 'Line 2', homepage: 'https://ada.example/', topics: ['ada', 'plc'] };
    expect(aboutChange(wanted, there, [{ description: 'Line 2' }])).toEqual({ description: 'Line 3' });
    expect(aboutChange(wanted, there, [])).toBeUndefined();
  });

  it('takes away what is no more upstream', () => {
    const left = { description: 'Line 2', homepage: 'https://line.example/', topics: ['a', 'b'] };
    expect(aboutChange({}, { ...left, topics: ['b', 'a'] }, [left])).toEqual({
      description: '',
      homepage: '',
      topics: [],
    });
  });
});
