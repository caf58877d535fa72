import type { UpstreamFinding, VerifiedRelease } from '@gapferry/bundle';

/** How many items upstream signed as the policy demands; no line where it demands nothing. */
export function upstreamLines({ opened, upstream }: VerifiedRelease): string[] {
  if (opened.upstream.length === 0) return [];
  const signed = new Set(upstream.filter(isSigned).map(({ item }) => item)).size;
  return [
    `${signed} of ${opened.manifest.items.length} item(s) carry the upstream signatures that the policy demands`,
  ];
}

/** A demand on refs may fit none of a repository. */
function isSigned(finding: UpstreamFinding): boolean {
  return 'check' in finding || finding.checks.length > 0;
}

/** Each demand that was met, for `--json`. */
export function upstreamJson({ upstream }: VerifiedRelease): readonly UpstreamFinding[] {
  return upstream;
}
