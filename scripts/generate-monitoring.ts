/**
 * Writes rules, alerts, their tests and runbooks, and dashboards from scripts/monitoring, and their copies in the chart:
 * `node scripts/generate-monitoring.ts`. With `--check` it writes nothing and fails when a file differs.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { alerts } from './monitoring/alerts.ts';
import { dashboards, renderDashboard } from './monitoring/dashboards.ts';
import {
  renderPromtoolTests,
  renderRules,
  renderRunbook,
  renderRunbookIndex,
  rulesFileName,
  runbookName,
} from './monitoring/rule-files.ts';

const rootPath = join(import.meta.dirname, '..');
const runbooks = 'docs/runbooks';
const chartFiles = 'deploy/helm/kata-monitor/files';

/** Text of each file by its path from the repository. */
function renderFiles(): Map<string, string> {
  const rules = renderRules();
  return new Map([
    [`deploy/prometheus/${rulesFileName}`, rules],
    [`${chartFiles}/${rulesFileName}`, rules],
    [`deploy/prometheus/${rulesFileName.replace('.yaml', '.test.yaml')}`, renderPromtoolTests()],
    [`${runbooks}/README.md`, renderRunbookIndex()],
    ...Object.entries(dashboards).flatMap(([name, dashboard]) => {
      const text = renderDashboard(dashboard);
      return [`deploy/grafana/${name}`, `${chartFiles}/${name}`].map((path) => [path, text] as const);
    }),
    ...alerts.map((alert) => [`${runbooks}/${runbookName(alert)}`, renderRunbook(alert)] as const),
  ]);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(rootPath, path), 'utf8');
  } catch {
    return undefined; // not there: differs
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(join(rootPath, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return []; // not there yet
  }
}

const files = renderFiles();
const leftOver = listFiles(runbooks).filter((path) => !files.has(path));
if (process.argv.includes('--check')) {
  const different = [...files].filter(([path, text]) => read(path) !== text).map(([path]) => path);
  const faults = [
    ...different.map((path) => `${path} differs from scripts/monitoring, run "npm run generate"\n`),
    ...leftOver.map((path) => `${path}: there is no alert "${basename(path)}"\n`),
  ];
  process.stderr.write(faults.join(''));
  process.exitCode = faults.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of files) {
    mkdirSync(join(rootPath, dirname(path)), { recursive: true });
    writeFileSync(join(rootPath, path), text);
  }
  for (const path of leftOver) {
    rmSync(join(rootPath, path));
  }
}
