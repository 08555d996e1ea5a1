/**
 * A sandbox in the network namespace of the host does not repeat the interfaces of all other pods: in a
 * separate namespace that is the host's for everything in it (process 1 is in it), with 50 pairs of veth as 50 pods have.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getFromShim } from '../../src/shim-client/index.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { programCommand, type RunningProgram, runCommand } from '../support/run-program.ts';

const PAIRS = 50;
/** sysfs and proc show the namespaces of who mounts them. */
const IN_NEW_NAMESPACES = ['unshare', '--net', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc'];
const MAKE_INTERFACES = `mount -t sysfs sysfs /sys || exit 9
i=0; while [ $i -lt ${PAIRS} ]; do ip link add host$i type veth peer name pod$i || exit 9; i=$((i+1)); done
# Not by exec: this is process 1, whose namespace is that of the host.
"$@"; exit $?`;
const ID = 'crowded';

const isMissing = missingPackages(['iproute2']).length > 0 || process.getuid!() !== 0;

describe.skipIf(isMissing)(`a sandbox on a host with ${PAIRS} pairs of veth`, () => {
  let root: string;
  let shim: RunningProgram;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'km-'));
  });

  afterEach(async () => {
    // unshare leaves SIGTERM to its child; process 1 of a namespace takes all others in it with it.
    shim.child.kill('SIGKILL');
    await shim.ended;
    rmSync(root, { recursive: true, maxRetries: 10 });
  });

  /** Interfaces by family, of a shim started behind a command. */
  async function readInterfaces(before: readonly string[], ...args: string[]): Promise<Record<string, string[]>> {
    const command = [...programCommand('kata-shim'), 'run', '--hypervisor=process', '--sandbox-id', ID, '--root', root];
    shim = runCommand([
      ...(IN_NEW_NAMESPACES as [string, ...string[]]),
      ...['sh', '-c', MAKE_INTERFACES, 'sh', ...before, ...command, ...args],
    ]);
    await shim.waitForLine((line) => (line.includes('Serving on') ? line : undefined));
    const request = { path: '/metrics', timeoutMs: 60_000, maxBytes: 10_000_000 } as const;
    const response = await getFromShim({ socketPath: join(root, ID, 'shim-monitor.sock'), ...request });
    expect(response).toMatchObject({ kind: 'ok' });
    const { series } = parseAnswer(response.kind === 'ok' ? response.body.toString() : '');
    const of = (name: string): string[] => [
      ...new Set(series.filter((each) => each.name === name).map(({ labels }) => new Map(labels).get('interface')!)),
    ];
    return { shim: of('kata_shim_netdev'), hypervisor: of('kata_hypervisor_netdev') };
  }

  it('shows the loopback and what is physical', async () => {
    expect(await readInterfaces([])).toEqual({ shim: ['lo'], hypervisor: ['lo'] });
  });

  it('shows all of them where an option says so', async () => {
    const { shim: ofShim, hypervisor } = await readInterfaces([], '--all-interfaces');
    expect([ofShim?.length, hypervisor?.length]).toEqual([2 * PAIRS + 1, 2 * PAIRS + 1]);
  });

  it('shows all of a network namespace that is its own', async () => {
    // Shim and sandbox are in a namespace that process 1 is not in.
    const { shim: ofShim } = await readInterfaces([
      ...['unshare', '--net', 'sh', '-c', 'ip link add eth0 type veth peer name other; exec "$@"', 'sh'],
    ]);
    expect(ofShim?.sort()).toEqual(['eth0', 'lo', 'other']);
  });
});
