// Adds up the reports of the suites that ran, and prints one last line.
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report);
const passed = reports.reduce((total, report) => total + report.numPassedTests, 0);
const failed = reports.reduce((total, report) => total + report.numFailedTests, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
