import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deployFile, toShortPath } from './deploy-files.ts';

describe('files of deploy/', () => {
  it.each(['grafana/kata-fleet.json', 'prometheus/kata-monitor.rules.yaml'])('contain %s', (path) => {
    expect(existsSync(deployFile(path))).toBe(true);
  });

  it.each([
    ['/a/b/deploy', '/a/b', 'deploy'],
    ['/a/b/deploy', '/a/c', '/a/b/deploy'],
    ['/a/b/deploy', '/', '/a/b/deploy'],
  ])('%s in %s is %s', (path, current, short) => {
    expect(toShortPath(path, current)).toBe(short);
  });
});
