// node .ci/summary.mjs <vitest's JSON report> <steps that failed …>: the last lines of a CI run, and its exit code.
import { readFileSync } from "node:fs";

const [file, ...failedSteps] = process.argv.slice(2);

function tests() {
  const text = readFileSync(file, "utf8");
  if (text === "") return { passed: 0, failed: 0, skipped: 0 }; // the step itself is among the failed ones
  const report = JSON.parse(text);
  const count = (holds) => report.testResults.flatMap((suite) => suite.assertionResults).filter(holds).length;
  return {
    passed: count(({ status }) => status === "passed"),
    // A file that cannot be loaded has no tests to count.
    failed: count(({ status }) => status === "failed") + report.testResults.filter(brokenFile).length,
    skipped: count(({ status }) => !["passed", "failed"].includes(status)),
  };
}

function brokenFile({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}

const { passed, failed, skipped } = tests();
// The failed tests count one by one; the test step counts itself only if it failed for another reason.
const otherFailures = failedSteps.filter((step) => step !== "test" || failed === 0);
if (failedSteps.length > 0) console.log(`\nfailed steps: ${failedSteps.join(", ")}`);
console.log(`\n${passed} passed, ${failed + otherFailures.length} failed, ${skipped} skipped`);
process.exitCode = failed + otherFailures.length > 0 ? 1 : 0;
