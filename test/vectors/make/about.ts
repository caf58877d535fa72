import { gitItem, wholeManifest } from './manifest-content.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

/** What the host of a repository says of it. */
export const ABOUT = {
  description: 'Press line 3',
  homepage: 'https://line3.example.org/',
  topics: ['gitops', 'plc'],
} as const;

/** What is refused in a manifest and in a lock alike: name, why, the member. */
export const WRONG_ABOUT: readonly (readonly [name: string, why: string, about: object])[] = [
  ['about-empty', 'what says nothing is left out', {}],
  ['about-empty-description', 'an empty description', { description: '' }],
  ['about-two-lines', 'a description of two lines', { description: 'Press\nline 3' }],
  ['about-direction', 'a description that turns the line around', { description: 'Press \u202eline 3' }],
  ['about-blanks', 'a description with blanks before it', { description: ' Press line 3' }],
  ['about-too-long', 'a description of 1,001 characters', { description: 'x'.repeat(1001) }],
  ['about-script', 'a homepage that is no web page', { homepage: 'javascript:alert(1)' }],
  ['about-password', 'a homepage with credentials', { homepage: 'https://ada:secret@line3.example.org/' }],
  ['about-homepage-form', 'a homepage in another form', { homepage: 'HTTPS://line3.example.org' }],
  ['about-topic-upper-case', 'a topic in upper case', { topics: ['PLC'] }],
  ['about-topic-too-long', 'a topic of 51 characters', { topics: ['x'.repeat(51)] }],
  ['about-topics-empty', 'a list without topics', { topics: [] }],
  ['about-topics-out-of-order', 'topics out of order', { topics: ['plc', 'gitops'] }],
  ['about-topics-twice', 'the same topic twice', { topics: ['plc', 'plc'] }],
  ['about-topics-too-many', '51 topics', { topics: Array.from({ length: 51 }, (_, i) => `t${i + 100}`) }],
  ['about-unknown-member', 'a member this version does not know', { stars: 7 }],
];

/** Manifests with a repository of which its host says something. */
export function manifestAboutVectors(): Vector[] {
  const refused = refusals('manifest.json');
  return [
    {
      name: 'good-about',
      files: { 'manifest.json': withAbout(ABOUT) },
      expect: {
        why: 'what the host of a repository says of it',
        accept: true,
        result: { items: [{}, {}, { kind: 'git', about: ABOUT }, {}] },
      },
    },
    ...WRONG_ABOUT.map(([name, why, about]) => refused(name, why, withAbout(about), 'MANIFEST_INVALID')),
  ];
}

function withAbout(about: object): string {
  const manifest = wholeManifest();
  const items = manifest.items.map((item) => (item.kind === 'git' ? { ...gitItem(), about } : item));
  return sortedJson({ ...manifest, items });
}
