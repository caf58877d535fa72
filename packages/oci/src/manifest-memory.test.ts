import { digestOf, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { createManifestMemory } from './manifest-memory.ts';

const bytesOf = (text: string) => Buffer.from(text);
const descriptor = (text: string) => ({
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(text),
  size: text.length,
});

describe('manifests that were read a moment ago', () => {
  it('are remembered for their repository, and as what they were read', () => {
    const memory = createManifestMemory(100);
    memory.keep('host/a', descriptor('one'), bytesOf('one'));
    expect(memory.get('host/a', descriptor('one'))).toEqual(bytesOf('one'));
    expect(memory.get('host/b', descriptor('one'))).toBeUndefined();
    expect(memory.get('host/a', { ...descriptor('one'), size: 4 })).toBeUndefined();
  });

  it('are forgotten, the oldest first, when there are too many bytes of them', () => {
    const memory = createManifestMemory(10);
    for (const text of ['first', 'other', 'x']) memory.keep('host/a', descriptor(text), bytesOf(text));
    const kept = ['first', 'other', 'x'].map((text) => memory.get('host/a', descriptor(text)) !== undefined);
    expect(kept).toEqual([false, true, true]);
    memory.keep('host/a', descriptor('far too long'), bytesOf('far too long'));
    expect(memory.get('host/a', descriptor('far too long'))).toBeUndefined();
    expect(memory.get('host/a', descriptor('other'))).toBeDefined();
  });
});
