/**
 * Whether this machine can run guests with KVM, determined by a trial: /dev/kvm may exist and open, and still no guest
 * can boot, as under some nested hypervisors. Called before a virtual machine is started.
 */
import { accessSync, constants } from 'node:fs';
import { startHostProgram } from '../../processes/host-program.ts';
import type { Accelerator } from './qemu-command-line.ts';

const KVM_DEVICE = '/dev/kvm';
/**
 * A kernel without a root file system needs less than a second under KVM to find that out. Much longer means that the
 * guest hangs or that KVM is slower than it is worth.
 */
const TRIAL_MS = 4_000;
const TRIAL_MEMORY_MIB = 128;

const verdicts = new Map<string, Promise<Accelerator>>();

/**
 * Boots the kernel under KVM, without anything else, until it gives up and the machine ends: then KVM works. Anything else
 * means TCG, which emulates the CPU. The verdict holds for this process.
 */
export function proveAccelerator(qemuProgram: string, kernelPath: string): Promise<Accelerator> {
  const key = `${qemuProgram}\0${kernelPath}`;
  const known = verdicts.get(key);
  if (known !== undefined) {
    return known;
  }
  const verdict = tryKvm(qemuProgram, kernelPath);
  verdicts.set(key, verdict);
  return verdict;
}

async function tryKvm(qemuProgram: string, kernelPath: string): Promise<Accelerator> {
  try {
    accessSync(KVM_DEVICE, constants.R_OK | constants.W_OK);
  } catch {
    // Missing, or no permission: the result is the same.
    return 'tcg';
  }
  const trial = await startHostProgram({
    command: qemuProgram,
    args: [
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-machine', 'q35'],
      ...['-accel', 'kvm', '-cpu', 'host', '-m', `${TRIAL_MEMORY_MIB}M`],
      ...['-kernel', kernelPath, '-append', 'quiet panic=-1'],
    ],
  });
  const isOver = await trial.endsWithin(TRIAL_MS);
  trial.kill('SIGKILL');
  const { code } = await trial.ended;
  return isOver && code === 0 ? 'kvm' : 'tcg';
}
