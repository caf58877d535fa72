import type { UpstreamFinding, VerifiedRelease } from '@gapferry/bundle';
import { printable } from '@gapferry/core';

/** Demands that freed a repository as a whole; more of them tell nobody anything. */
const SHOWN = 5;

/** How many items upstream signed as the policy demands, and where a demand names refs that are not there; no line where it demands nothing. */
export function upstreamLines({ opened, upstream }: VerifiedRelease): string[] {
  if (opened.upstream.length === 0) return [];
  const signed = new Set(upstream.filter(isSigned).map(({ item }) => item)).size;
  return [
    `upstream's signatures, as the policy demands them: right for ${signed} item(s); of the other ${opened.manifest.items.length - signed} it demands none`,
    ...idleLines(upstream),
  ];
}

/** A mistyped pattern would else look like signatures that are right. */
function idleLines(upstream: readonly UpstreamFinding[]): string[] {
  const idle = upstream.filter((finding) => !isSigned(finding));
  const lines = idle
    .slice(0, SHOWN)
    .map(({ item, match }) => `no ref of ${item} fits "refs" of "${match}": nothing of it had to be signed`);
  const more = idle.length > SHOWN ? [`and so of ${idle.length - SHOWN} more`] : [];
  return [...lines, ...more].map(printable);
}

/** A demand on refs may fit none of a repository. */
function isSigned(finding: UpstreamFinding): boolean {
  return 'check' in finding || finding.checks.length > 0;
}

/** Each demand that was met, for `--json`. */
export function upstreamJson({ upstream }: VerifiedRelease): readonly UpstreamFinding[] {
  return upstream;
}
