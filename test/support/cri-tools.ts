/**
 * crictl and critest of the project cri-tools, which Debian does not have.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findGo, goInstall, goTestProgram } from './go-tools.ts';

const VERSION = 'v1.34.0';
const MODULE = 'sigs.k8s.io/cri-tools';

const folderPath = cacheFolder(`cri-tools-${VERSION}`);
const crictlPath = join(folderPath, 'crictl');
const critestPath = join(folderPath, 'critest');

/** What is missing to have them here; empty when they are there or can be built. */
export function missingForCriTools(): string[] {
  const isBuilt = existsSync(crictlPath) && existsSync(critestPath);
  return isBuilt || findGo() !== undefined ? [] : [`Go, for cri-tools ${VERSION}`];
}

/** The path of crictl. Takes minutes the first time. */
export async function provideCrictl(): Promise<string> {
  if (!existsSync(crictlPath)) {
    await goInstall(folderPath, [`${MODULE}/cmd/crictl@${VERSION}`]);
  }
  return crictlPath;
}

/** The path of critest, the validation suite of CRI runtimes. The same. */
export async function provideCritest(): Promise<string> {
  if (!existsSync(critestPath)) {
    await goTestProgram(critestPath, `${MODULE}/cmd/critest`, VERSION);
  }
  return critestPath;
}
