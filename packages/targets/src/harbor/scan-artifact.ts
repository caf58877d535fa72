import { GapferryError, type OciTag, type Run, type ScanSummary } from '@gapferry/core';
import { askHost, memberOf, numberIn, saidBy, textIn } from '../git-host/ask-host.ts';
import type { HostAnswer } from '../git-host/git-host.ts';
import { artifactPath } from './harbor-names.ts';
import type { HarborPlace } from './harbor-place.ts';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** Unasked, Harbor tells of reports of the older kind alone (swagger: acceptVulnerabilities), and Trivy writes the newer. */
const REPORTS = {
  'x-accept-vulnerabilities':
    'application/vnd.security.vulnerability.report; version=1.1, application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
};

/** Has Harbor scan an image; waits for it where the site says so, for all images of an import together no longer than it says. Undefined where nobody waits. */
export async function scanArtifact(
  place: HarborPlace,
  { repository, root }: OciTag,
  run: Run,
): Promise<ScanSummary | undefined> {
  const { scan, api } = place;
  const path = artifactPath(place.pathOf(repository), root.digest);
  // 409: one is under way already.
  const question = { method: 'POST', path: `${path}/scan`, accept: [409, 412], again: true } as const;
  const answer = await askHost(api, question, run);
  if (answer.status === 412) throw noScanner(place, answer);
  return scan.mode === 'await' ? await awaitScan(place, path, scan.within, run) : undefined;
}

function noScanner({ target }: HarborPlace, answer: HostAnswer): GapferryError {
  const words = saidBy(answer);
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `Harbor has no scanner for target ${target}${words === '' ? '' : ` (${words})`}`,
    hint: 'have one installed there, or say `scan: none` of the target in site.yaml',
    origin: 'target',
  });
}

async function awaitScan(place: HarborPlace, path: string, within: number, run: Run): Promise<ScanSummary> {
  const { waiting } = place;
  place.scansEnd ??= waiting.now() + within * 1000;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    const question = {
      method: 'GET',
      path: `${path}?with_scan_overview=true`,
      headers: REPORTS,
    } as const;
    const { value } = await askHost(place.api, question, run);
    const summary = summaryIn(value);
    if (summary !== undefined) return summary;
    const left = place.scansEnd - waiting.now();
    if (left <= 0) return { status: 'unfinished' };
    await waiting.wait(Math.min(wait, left), run);
  }
}

/** Undefined while it runs. The overview has a report for each kind that the scanner makes (swagger: NativeReportSummary). */
function summaryIn(artifact: unknown): ScanSummary | undefined {
  const [report] = Object.values(memberOf(artifact, 'scan_overview') ?? {});
  const status = textIn(report, 'scan_status') ?? '';
  if (status === 'Error' || status === 'Stopped') return { status: 'failed' };
  if (status !== 'Success') return undefined;
  const severity = textIn(report, 'severity');
  const summary = memberOf(report, 'summary');
  const total = numberIn(summary, 'total');
  const fixable = numberIn(summary, 'fixable');
  const bySeverity = countsIn(memberOf(summary, 'summary'));
  return {
    status: 'done',
    ...(severity !== undefined && { severity: severity.slice(0, 50) }),
    ...(total !== undefined && { total }),
    ...(fixable !== undefined && { fixable }),
    ...(Object.keys(bySeverity).length > 0 && { bySeverity }),
  };
}

function countsIn(value: unknown): Record<string, number> {
  const counts = Object.entries(value ?? {})
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .filter(([name]) => /^[A-Za-z]{1,30}$/.test(name));
  return Object.fromEntries(counts.slice(0, 20));
}
