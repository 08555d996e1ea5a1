import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPort } from './serial-port.ts';

let portsPath: string;
beforeEach(() => {
  portsPath = mkdtempSync(join(tmpdir(), 'km-'));
});
afterEach(() => rmSync(portsPath, { recursive: true }));

function makePort(device: string, name?: string): void {
  mkdirSync(join(portsPath, device));
  if (name !== undefined) {
    writeFileSync(join(portsPath, device, 'name'), `${name}\n`);
  }
}

describe('findPort', () => {
  it('finds a port by its whole name', () => {
    makePort('vport0p0');
    makePort('vport0p1', 'kata.agent.other');
    makePort('vport1p1', 'kata.agent');
    expect(findPort('kata.agent', portsPath)).toBe('vport1p1');
    expect(findPort('kata', portsPath)).toBeUndefined();
  });

  it('finds none where there is no virtio-serial', () => {
    expect(findPort('kata.agent', join(portsPath, 'none'))).toBeUndefined();
  });
});
