/**
 * Converts the last words of a sandbox to the ending in its last event. Pure.
 */
import type { FinalSandbox } from '../ended/final-sandbox.ts';
import type { SandboxEnding } from './sandbox-events.ts';

export function toEnding({ labels, words }: Pick<FinalSandbox, 'labels' | 'words'>): SandboxEnding {
  const { sandboxId, reason, message, startedMs, endedMs, values } = words;
  const { cri_uid: uid, cri_name: name, cri_namespace: namespace } = labels;
  return {
    sandboxId,
    pod: name === '' ? undefined : { uid, name, namespace },
    reason,
    message,
    endSeconds: endedMs / 1000,
    totals: {
      lifetimeSeconds: (endedMs - startedMs) / 1000,
      cpuSeconds: values.cpuSeconds ?? null,
      hostCpuSeconds: values.hostCpuSeconds ?? null,
      memoryPeakBytes: values.memoryPeakBytes ?? null,
      hostMemoryPeakBytes: values.hostMemoryPeakBytes ?? null,
      networkReceiveBytes: values.networkReceiveBytes ?? null,
      networkTransmitBytes: values.networkTransmitBytes ?? null,
      diskReadBytes: values.diskReadBytes ?? null,
      diskWrittenBytes: values.diskWrittenBytes ?? null,
    },
  };
}
