import type { UpstreamFinding, VerifiedRelease } from '@gapferry/bundle';
import { describe, expect, it } from 'vitest';
import { upstreamLines } from './describe-upstream.ts';

const release = (upstream: readonly UpstreamFinding[]): VerifiedRelease =>
  ({
    opened: { upstream: [{}], manifest: { items: [{}, {}] } },
    upstream,
  }) as unknown as VerifiedRelease;

const idle = (item: string): UpstreamFinding => ({ item, match: '**', checks: [] });

describe('what a policy demanded of upstream', () => {
  it('is told as how many items met it, and which repositories it named no ref of', () => {
    const signed: UpstreamFinding = {
      item: 'git git.example/a',
      match: 'git.example/**',
      checks: [{ by: 'git-openpgp', fingerprint: 'a'.repeat(40), refs: ['refs/heads/main'] }],
    };
    const lines = upstreamLines(release([signed, idle('git git.example/b\u001b[2J')]));
    expect(lines).toEqual([
      "upstream's signatures, as the policy demands them: right for 1 item(s); of the other 1 it demands none",
      expect.stringMatching(/^no ref of git git\.example\/b.* fits "refs" of "\*\*"/),
    ]);
    expect(lines.join()).not.toContain('\u001b');
  });

  it('is told of a few of very many', () => {
    const lines = upstreamLines(release(Array.from({ length: 1000 }, (_, i) => idle(`git h/${i}`))));
    expect(lines).toHaveLength(7);
    expect(lines.at(-1)).toBe('and so of 995 more');
  });
});
