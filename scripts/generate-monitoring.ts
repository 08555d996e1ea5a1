/**
 * Writes rules, alerts, their tests and runbooks, and dashboards from scripts/monitoring, and their copies in the chart:
 * `node scripts/generate-monitoring.ts`. With `--check` it writes nothing and fails when a file differs.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeGeneratedFiles } from './generated-files.ts';
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

function listFiles(folder: string): string[] {
  try {
    return readdirSync(join(rootPath, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return []; // not there yet
  }
}

const files = renderFiles();
const leftOver = listFiles(runbooks).filter((path) => !files.has(path));
writeGeneratedFiles(files, 'scripts/monitoring', leftOver);
