// Adds up what the test runners reported: node scripts/ci-summary.mjs NAME:EXIT[:REPORT.json] …
// Prints one line `N passed, N failed, N skipped`, and exits 1 when something failed. A step that failed without a failing
// test in its report (it did not start, it crashed), and one whose report is missing, count as one failure: the line never
// looks better than the run.
import { readFileSync } from 'node:fs';

const NOTHING = { passed: 0, failed: 0, skipped: 0 };

const total = { ...NOTHING };
for (const step of process.argv.slice(2)) add(step);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

function add(step) {
  const [name, exit, report] = step.split(':');
  const counts = report ? readReport(name, report) : { ...NOTHING };
  if (exit !== '0' && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
}

/** Vitest's JSON report has the fields of Jest's. */
function readReport(name, file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const skipped = report.numPendingTests + report.numTodoTests;
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped };
  } catch (error) {
    console.error(`${name}: no report (${error.message})`);
    return { ...NOTHING, failed: 1 };
  }
}
