import { describe, expect, it } from 'vitest';
import { type Attachment, attachmentsInOrder, byAttachment } from './attachment.ts';
import { digestOf } from './digest.ts';

const [one, two] = ['one', 'two'].map((text) => digestOf(Buffer.from(text))).sort();
if (one === undefined || two === undefined) throw new Error('two digests');
const root = (digest: typeof one) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest,
  size: 3,
});

describe('byAttachment', () => {
  it('orders by subject, then root, then tag', () => {
    const sorted = [
      { subject: one, root: root(one) },
      { subject: one, root: root(one), tag: 'sha256-x.att' },
      { subject: one, root: root(one), tag: 'sha256-x.sig' },
      { subject: one, root: root(two) },
      { subject: two, root: root(one) },
    ];
    expect([...sorted].reverse().sort(byAttachment)).toEqual(sorted);
  });
});

describe('attachmentsInOrder', () => {
  const about = (subject: string, name: string, tag?: string): Attachment => ({
    subject: digestOf(subject),
    root: root(digestOf(name)),
    ...(tag !== undefined && { tag }),
  });

  it('puts each after what it is about, and after every entry of that', () => {
    const [a, b, c, again] = [
      about('image', 'a'),
      about('a', 'b'),
      about('b', 'c'),
      about('other', 'a', 'sha256-x.sig'),
    ] as const;
    expect(attachmentsInOrder([c, b, a, again])).toEqual({ ordered: [a, again, b, c], circular: [] });
  });

  it('tells apart what is about itself, about each other, or hangs on such', () => {
    const fine = about('image', 'fine');
    const circular = [about('self', 'self'), about('x', 'y'), about('y', 'x'), about('x', 'on a circle')];
    expect(attachmentsInOrder([...circular, fine])).toEqual({ ordered: [fine], circular });
  });

  it('keeps what is about nothing here where it stands', () => {
    const all = ['one', 'two', 'three'].map((name) => about(`subject of ${name}`, name));
    expect(attachmentsInOrder(all)).toEqual({ ordered: all, circular: [] });
  });
});
