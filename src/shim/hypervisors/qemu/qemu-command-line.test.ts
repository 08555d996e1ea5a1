import { describe, expect, it } from 'vitest';
import { buildQemuArguments, type QemuMachine } from './qemu-command-line.ts';

const machine: QemuMachine = {
  accelerator: 'tcg',
  memoryMib: 512,
  cpus: 2,
  kernelPath: '/guest/vmlinuz',
  initrdPath: '/guest/initramfs',
  agentSocketPath: '/run/one/agent.sock',
  runtimeSocketPath: undefined,
  interfaces: [],
  kernelArguments: [],
  debugConsolePath: undefined,
  virtiofsdSocketPath: undefined,
  diskPath: undefined,
  imagePath: undefined,
  pidFilePath: '/run/one/qemu.pid',
};

/** What stands behind each `name`. */
function valuesOf(name: string, more: Partial<QemuMachine> = {}): string[] {
  const args = buildQemuArguments({ ...machine, ...more });
  return args.filter((_, index) => args[index - 1] === name);
}

describe('buildQemuArguments', () => {
  it.each([
    ['-accel', {}, ['tcg,thread=multi']],
    ['-accel', { accelerator: 'kvm' }, ['kvm']],
    ['-cpu', {}, ['max']],
    ['-cpu', { accelerator: 'kvm' }, ['host']],
    ['-m', {}, ['512M']],
    ['-smp', {}, ['2']],
    ['-kernel', {}, ['/guest/vmlinuz']],
    ['-initrd', {}, ['/guest/initramfs']],
    ['-pidfile', {}, ['/run/one/qemu.pid']],
    ['-machine', {}, ['q35']],
    ['-machine', { virtiofsdSocketPath: '/run/one/virtiofsd.sock' }, ['q35,memory-backend=memory']],
    ['-name', {}, ['sandbox,debug-threads=on']],
    ['-object', {}, []],
    ['-object', { virtiofsdSocketPath: '/s' }, ['memory-backend-memfd,id=memory,size=512M,share=on']],
    ['-blockdev', {}, []],
  ] as const)('%s of %j is %j', (name, more, expected) => {
    expect(valuesOf(name, more)).toEqual(expected);
  });

  it('gives the guest a port for its agent, and says to init where that is', () => {
    expect(valuesOf('-chardev')).toContain('socket,id=agent,path=/run/one/agent.sock,server=on,wait=off');
    expect(valuesOf('-device')).toEqual([
      'pvpanic',
      'virtio-serial-pci',
      'virtserialport,id=kata.agent,chardev=agent,name=kata.agent',
    ]);
    expect(valuesOf('-append')[0]?.split(' ')).toContain('kata.listen=serial://kata.agent');
    expect(valuesOf('-append')[0]).not.toContain('kata.debug_console');
  });

  it('opens a console only when it is requested', () => {
    const more = { debugConsolePath: '/run/one/console.sock' };
    expect(valuesOf('-chardev', more)).toContain('socket,id=console,path=/run/one/console.sock,server=on,wait=off');
    expect(valuesOf('-append', more)[0]?.split(' ')).toContain('kata.debug_console=kata.console');
  });

  it('keeps every path one value, whatever is in it, and the image read-only and after the disk', () => {
    const odd = '/run/a,server=off b"c/agent.sock';
    expect(valuesOf('-chardev', { agentSocketPath: odd })).toContain(
      'socket,id=agent,path=/run/a,,server=off b"c/agent.sock,server=on,wait=off',
    );
    const [disk, image] = valuesOf('-blockdev', { diskPath: odd, imagePath: odd });
    expect(JSON.parse(image!)).toMatchObject({ 'read-only': true, file: { filename: odd, 'read-only': true } });
    expect(JSON.parse(disk!)).toMatchObject({ driver: 'raw', file: { driver: 'file', filename: odd } });
  });
});
