import { describe, expect, it } from 'vitest';
import { byAttachment } from './attachment.ts';
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
