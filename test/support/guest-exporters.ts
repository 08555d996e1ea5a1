/**
 * Real exporters for a guest with a shared directory: Debian's node_exporter, and the metrics of a DCGM exporter, served by busybox.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { VirtualSandbox } from './virtual-sandbox.ts';

export const NODE_EXPORTER_PACKAGE = 'prometheus-node-exporter';

/** The program and its libraries; the guest has no dynamic linker. */
const NODE_EXPORTER_FILES = [
  '/usr/bin/prometheus-node-exporter',
  '/lib/x86_64-linux-gnu/libc.so.6',
  '/lib64/ld-linux-x86-64.so.2',
];

const labels = (gpu: number): string =>
  `{gpu="${gpu}",UUID="GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e5${gpu}",device="nvidia${gpu}",modelName="NVIDIA A100-SXM4-40GB",Hostname="guest",DCGM_FI_DRIVER_VERSION="535.104.12"}`;

/** The names, types and labels of the DCGM exporter. */
export const dcgmText = [
  ['DCGM_FI_DEV_SM_CLOCK', 'gauge', 'SM clock frequency (in MHz).', 1410],
  ['DCGM_FI_DEV_GPU_TEMP', 'gauge', 'GPU temperature (in C).', 41],
  ['DCGM_FI_DEV_POWER_USAGE', 'gauge', 'Power draw (in W).', 71.25],
  ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 'counter', 'Total energy consumption since boot (in mJ).', 178_223_340_127],
  ['DCGM_FI_DEV_GPU_UTIL', 'gauge', 'GPU utilization (in %).', 97],
  ['DCGM_FI_DEV_FB_USED', 'gauge', 'Framebuffer memory used (in MiB).', 30_212],
  ['DCGM_FI_DEV_XID_ERRORS', 'gauge', 'Value of the last XID error encountered.', 0],
]
  .map(
    ([name, type, help, value]) =>
      `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}${labels(0)} ${value}\n${name}${labels(1)} ${value}\n`,
  )
  .join('');

/** Starts both in the guest. `hostPath` and `guestPath`: the directory that they share. */
export async function startGuestExporters(
  sandbox: Pick<VirtualSandbox, 'runInGuest'>,
  { hostPath, guestPath, nodePort, dcgmPort }: ExporterPlaces,
): Promise<void> {
  for (const path of NODE_EXPORTER_FILES) {
    copyFileSync(path, join(hostPath, basename(path)));
  }
  mkdirSync(join(hostPath, 'dcgm'));
  writeFileSync(join(hostPath, 'dcgm/metrics'), dcgmText);
  const loader = `${guestPath}/ld-linux-x86-64.so.2 --library-path ${guestPath}`;
  const exporter = `${guestPath}/prometheus-node-exporter --web.listen-address=127.0.0.1:${nodePort}`;
  await sandbox.runInGuest(`GOMAXPROCS=1 ${loader} ${exporter} >${guestPath}/exporter.log 2>&1 &`);
  await sandbox.runInGuest(`busybox httpd -p 127.0.0.1:${dcgmPort} -h ${guestPath}/dcgm`);
}

export interface ExporterPlaces {
  readonly hostPath: string;
  readonly guestPath: string;
  readonly nodePort: number;
  readonly dcgmPort: number;
}
