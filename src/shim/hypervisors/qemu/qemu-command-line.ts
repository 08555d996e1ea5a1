/**
 * The command line of QEMU for one sandbox, as a list of arguments without a shell. Called when a virtual machine is
 * started; starts nothing.
 */

export type Accelerator = 'kvm' | 'tcg';

export interface QemuMachine {
  readonly accelerator: Accelerator;
  readonly memoryMib: number;
  readonly cpus: number;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** The agent's channel, a unix socket that QEMU makes. */
  readonly agentSocketPath: string;
  /** The channel of a runtime to the same agent, a unix socket that QEMU makes; undefined: there is none. */
  readonly runtimeSocketPath: string | undefined;
  /** Network interfaces of the guest, each a tap device that is there already. */
  readonly interfaces: readonly TapInterface[];
  /** Words that are added to the kernel's command line. */
  readonly kernelArguments: readonly string[];
  /** A root shell in the guest, on a unix socket that QEMU makes; undefined: there is none. */
  readonly debugConsolePath: string | undefined;
  /** Socket of the virtiofsd that serves the shared directory. */
  readonly virtiofsdSocketPath: string | undefined;
  /** A read-only image that guests share; undefined: there is none. */
  readonly imagePath: string | undefined;
  /** A raw image of the guest's own disk. */
  readonly diskPath: string | undefined;
  /** QEMU keeps its process id there, and the file locked while it runs. */
  readonly pidFilePath: string;
}

export interface TapInterface {
  /** Name of the tap device on the host. */
  readonly tapName: string;
  /** MAC address of the interface in the guest. */
  readonly macAddress: string;
}

/** Machine type of QEMU with PCI Express; the names of ports and disks depend on it. */
export const MACHINE = 'q35';
/** Names by which the guest finds its ports in /sys/class/virtio-ports. */
export const AGENT_PORT = 'kata.agent';
/** Port of the runtime, separate from that of scrapes, so that output of containers does not delay a scrape. */
export const RUNTIME_PORT = 'kata.runtime';
const DEBUG_CONSOLE_PORT = 'kata.console';
/** The guest's init mounts this tag. */
const SHARE_TAG = 'kataShared';

/** File descriptors that QEMU is given at its start: its monitor, and the first serial line of the guest. */
export const MONITOR_FD = 3;
export const CONSOLE_FD = 4;

export function buildQemuArguments(machine: QemuMachine): string[] {
  const { accelerator, memoryMib, cpus, kernelPath, initrdPath, pidFilePath } = machine;
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    // A guest that has broken out of its machine may not start programs.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-pidfile', pidFilePath],
    // Names of threads, by which those of virtual CPUs are found.
    ...['-name', 'sandbox,debug-threads=on'],
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ...['-m', `${memoryMib}M`, '-smp', String(cpus)],
    ...listMachine(machine),
    ...['-kernel', kernelPath, '-initrd', initrdPath, '-append', formatKernelParameters(machine)],
    ...['-chardev', `socket,id=monitor,fd=${MONITOR_FD}`, '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=serial,fd=${CONSOLE_FD}`, '-serial', 'chardev:serial'],
    // The guest reports a panic of its kernel to it: QEMU ends with that reason.
    ...['-device', 'pvpanic'],
    ...listPorts(machine),
    ...listShare(machine),
    ...listDisk(machine),
    ...listImage(machine),
    ...listInterfaces(machine),
  ];
}

/** Memory that is shared with virtiofsd has to be a file that both can map. */
function listMachine({ memoryMib, virtiofsdSocketPath }: QemuMachine): string[] {
  if (virtiofsdSocketPath === undefined) {
    return ['-machine', MACHINE];
  }
  return [
    '-object',
    `memory-backend-memfd,id=memory,size=${memoryMib}M,share=on`,
    '-machine',
    `${MACHINE},memory-backend=memory`,
  ];
}

function formatKernelParameters({ runtimeSocketPath, debugConsolePath, kernelArguments }: QemuMachine): string {
  return [
    'console=ttyS0',
    'quiet',
    // As tmpfs, the first file system would be limited to half of the memory that is free while the archive is still there.
    'rootfstype=ramfs',
    // A guest whose kernel has given up ends at once, and QEMU with it.
    'panic=-1',
    // An emulated timer may be late when the kernel looks whether it works, on a busy host: the guest would panic. KVM guests do not look.
    ...(process.arch === 'x64' ? ['no_timer_check'] : []),
    // The kernel's tests of its ciphers are 0.5 of 7 s of CPU time until the agent listens, under TCG.
    'cryptomgr.notests',
    `kata.listen=serial://${AGENT_PORT}`,
    ...(runtimeSocketPath === undefined ? [] : [`kata.runtime_listen=serial://${RUNTIME_PORT}`]),
    ...(debugConsolePath === undefined ? [] : [`kata.debug_console=${DEBUG_CONSOLE_PORT}`]),
    ...kernelArguments,
  ].join(' ');
}

function listPorts({ agentSocketPath, runtimeSocketPath, debugConsolePath }: QemuMachine): string[] {
  const port = (id: string, path: string, name: string): string[] => [
    '-chardev',
    `socket,id=${id},path=${escapeValue(path)},server=on,wait=off`,
    '-device',
    // The id is what an event of the port carries.
    `virtserialport,id=${name},chardev=${id},name=${name}`,
  ];
  return [
    ...['-device', 'virtio-serial-pci'],
    ...port('agent', agentSocketPath, AGENT_PORT),
    ...(runtimeSocketPath === undefined ? [] : port('runtime', runtimeSocketPath, RUNTIME_PORT)),
    ...(debugConsolePath === undefined ? [] : port('console', debugConsolePath, DEBUG_CONSOLE_PORT)),
  ];
}

function listShare({ virtiofsdSocketPath }: QemuMachine): string[] {
  if (virtiofsdSocketPath === undefined) {
    return [];
  }
  return [
    '-chardev',
    `socket,id=share,path=${escapeValue(virtiofsdSocketPath)}`,
    '-device',
    `vhost-user-fs-pci,chardev=share,tag=${SHARE_TAG}`,
  ];
}

function listDisk({ diskPath }: QemuMachine): string[] {
  if (diskPath === undefined) {
    return [];
  }
  return [
    '-blockdev',
    JSON.stringify({ driver: 'raw', 'node-name': 'disk', file: { driver: 'file', filename: diskPath } }),
    '-device',
    'virtio-blk-pci,drive=disk',
  ];
}

/** Arguments of the shared image, after the guest's own disk, so that the device name of that disk is always the same. */
function listImage({ imagePath }: QemuMachine): string[] {
  if (imagePath === undefined) {
    return [];
  }
  const file = { driver: 'file', filename: imagePath, 'read-only': true };
  return [
    '-blockdev',
    JSON.stringify({ driver: 'raw', 'node-name': 'image', 'read-only': true, file }),
    '-device',
    'virtio-blk-pci,drive=image',
  ];
}

function listInterfaces({ interfaces }: QemuMachine): string[] {
  return interfaces.flatMap(({ tapName, macAddress }, index) => [
    ...['-netdev', `tap,id=net${index},ifname=${escapeValue(tapName)},script=no,downscript=no`],
    // Without a ROM, which is for booting over the network.
    ...['-device', `virtio-net-pci,netdev=net${index},mac=${macAddress},romfile=`],
  ]);
}

/** Doubles commas, as QEMU's `key=value,…` requires within a value. */
function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}
