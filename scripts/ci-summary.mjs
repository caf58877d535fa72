// Adds up what the test runners reported: node scripts/ci-summary.mjs NAME:EXIT[:REPORT.json] …
// Prints one line `N passed, N failed, N skipped`. A step that failed without a failing test in its report
// (it did not start, it crashed, it has no report) counts as one failure, so the line never looks better than the run.
import { readFileSync } from 'node:fs';

const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of process.argv.slice(2)) add(step);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);

function add(step) {
  const [name, exit, report] = step.split(':');
  const counts = report ? readReport(name, report) : { passed: 0, failed: 0, skipped: 0 };
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
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
