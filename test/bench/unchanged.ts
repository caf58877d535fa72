import { readFile, writeFile } from 'node:fs/promises';
import { formatTable } from '@gapferry/report';
import { type Command, measure } from './measure.ts';
import { seconds } from './report.ts';
import type { Contestant } from './side-by-side.ts';

/** Everybody twice, the second time measured (with `again` where the second time is another command): what it costs to find that nothing changed, and the requests to `/v2/` that the registry's log has of it. */
export async function unchangedTable(
  contestants: readonly Contestant[],
  accessLog: string,
  again: (contestant: Contestant) => Command = ({ command }) => command,
): Promise<string> {
  const rows: string[][] = [];
  for (const contestant of contestants) {
    const { name, command, prepare } = contestant;
    process.stderr.write(`bench: unchanged: ${name}\n`);
    await prepare?.();
    await measure(command);
    await writeFile(accessLog, '');
    const { seconds: took, peakMiB, phaseSeconds } = await measure(again(contestant));
    const requests = requestsIn(await readFile(accessLog, 'utf8'));
    const phase = phaseSeconds === undefined ? '' : seconds(phaseSeconds);
    rows.push([name, seconds(took), phase, peakMiB?.toFixed(0) ?? '–', requests]);
  }
  return formatTable([['once more, unchanged', 'seconds', 'applying', 'peak MiB', 'requests'], ...rows]);
}

/** How many, and how many of which method. */
function requestsIn(log: string): string {
  const methods = [...log.matchAll(/"(GET|HEAD|POST|PATCH|PUT|DELETE) \/v2\//g)].map(
    ([, method = '']) => method,
  );
  const counted = new Map<string, number>();
  for (const method of methods) counted.set(method, (counted.get(method) ?? 0) + 1);
  const each = [...counted].map(([method, count]) => `${count} ${method}`).join(', ');
  return `${methods.length} (${each})`;
}
