import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runProcess, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../scripts/ci-summary.mjs', import.meta.url));

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

async function report(name: string, passed: number, failed: number, pending: number): Promise<void> {
  const counts = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
  };
  await writeFile(home.join(name), JSON.stringify(counts));
}

async function summary(...steps: readonly string[]): Promise<{ code: number | null; stdout: string }> {
  const { code, stdout } = await runProcess(process.execPath, [SCRIPT, ...steps], { cwd: home.path });
  return { code, stdout };
}

it('adds up what the runners counted, in one line', async () => {
  await report('test.json', 10, 0, 1);
  await report('demo.json', 12, 0, 0);
  const expected = { code: 0, stdout: '22 passed, 0 failed, 1 skipped\n' };
  expect(await summary('test:0:test.json', 'demo:0:demo.json')).toEqual(expected);
  await report('live.json', 5, 2, 3);
  const worse = { code: 1, stdout: '15 passed, 2 failed, 4 skipped\n' };
  expect(await summary('test:0:test.json', 'live:1:live.json')).toEqual(worse);
});

it('counts a step that failed without a failing test as one failure', async () => {
  await report('test.json', 10, 0, 0);
  const expected = { code: 1, stdout: '10 passed, 3 failed, 0 skipped\n' };
  expect(await summary('test:1:test.json', 'live:127:no-such.json', 'demo:1')).toEqual(expected);
});

it('counts a step that passed and left no report as one failure', async () => {
  expect(await summary('test:0:no-such.json')).toEqual({
    code: 1,
    stdout: '0 passed, 1 failed, 0 skipped\n',
  });
});
