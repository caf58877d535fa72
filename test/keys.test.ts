import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrustPolicy } from '@gapferry/bundle';
import { keyFingerprint } from '@gapferry/signing';
import { describe, expect, it } from 'vitest';

const KEYS = join(import.meta.dirname, '..', 'keys');
const read = (file: string): string => readFileSync(join(KEYS, file), 'utf8');

describe('the example keys', () => {
  const draft = parseTrustPolicy(read('example-trust.yaml'), 'example-trust.yaml');
  const policy = draft.complete(new Map(draft.keyFiles.map((file) => [file, read(file)])));

  it('make a policy of which this version enforces everything', () => {
    expect([...policy.channels.values()].flatMap((channel) => channel.unsupported)).toEqual([]);
  });

  it('are all named by the example policy, under the fingerprints that keys show', () => {
    const files = readdirSync(KEYS).filter((name) => name.endsWith('.pub'));
    expect([...draft.keyFiles].sort()).toEqual(files.sort());
    expect(policy.keys.map((key) => key.fingerprint)).toEqual(
      draft.keyFiles.map((file) => keyFingerprint(read(file)).digest),
    );
  });
});
