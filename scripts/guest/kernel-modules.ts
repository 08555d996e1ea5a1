/**
 * The kernel modules of the guest in the order in which they have to be loaded: each after those that it needs. What a
 * module needs stands in the module itself, so that no depmod has to be run. Called by the guest's build.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Modules of the guest; the modules that they need are added. */
export const WANTED_MODULES: readonly string[] = [
  'virtio_pci',
  'virtio_mmio',
  'virtio_console',
  'virtio_blk',
  'erofs',
  'virtio_net',
  'vmw_vsock_virtio_transport',
  'vsock_loopback',
  'virtiofs',
  'overlay',
  // Containers that may manage the network can make one, as in the guests of the upstream runtime.
  'bridge',
  // The power button, by which the host requests the guest's end, and the device that reports it.
  'button',
  'evdev',
  // By which the guest reports a panic of its kernel to QEMU.
  'pvpanic_mmio',
];

export interface KernelModule {
  /** As modprobe knows it, with `_` and not `-`. */
  readonly name: string;
  readonly content: Buffer;
}

/** Throws an Error for a module that is neither there nor built into the kernel. */
export function readModules(modulesPath: string, wanted: readonly string[]): KernelModule[] {
  const paths = new Map(
    globSync('**/*.ko', { cwd: modulesPath })
      .sort()
      .map((path) => [toName(path), join(modulesPath, path)]),
  );
  const builtIn = new Set(readFileSync(join(modulesPath, 'modules.builtin'), 'utf8').split('\n').map(toName));
  const ordered = new Map<string, KernelModule>();
  const add = (name: string): void => {
    if (ordered.has(name) || builtIn.has(name)) {
      return;
    }
    const path = paths.get(name);
    if (path === undefined) {
      throw new Error(`Cannot find kernel module "${name}" in "${modulesPath}"`);
    }
    const content = readFileSync(path);
    readNeeded(content).forEach(add);
    ordered.set(name, { name, content });
  };
  wanted.forEach(add);
  return [...ordered.values()];
}

/** `depends=` in the module's .modinfo: strings with a NUL behind each, see MODULE_INFO in linux/module.h. */
export function readNeeded(module: Buffer): string[] {
  const key = Buffer.from('\0depends=');
  const from = module.indexOf(key);
  if (from === -1) {
    throw new Error('Cannot read a kernel module: it does not say what it depends on');
  }
  const text = module.toString('latin1', from + key.length, module.indexOf(0, from + key.length));
  return text === '' ? [] : text.split(',').map(toName);
}

function toName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_');
}
