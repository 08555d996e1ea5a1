import { describe, expect, it } from 'vitest';
import { Code } from '../ttrpc/index.ts';
import { type HostMount, parseProcess, parseSpec, prepareForGuest } from './oci-for-guest.ts';

/** The least that a specification has, and what a case adds to it. */
function spec(more: object = {}, linux: object = {}): string {
  const process = { user: { uid: 0, gid: 0 }, args: ['sh'], cwd: '/', apparmorProfile: 'cri-containerd.apparmor.d' };
  return JSON.stringify({ ociVersion: '1.3.0', root: { path: 'rootfs' }, process, linux, ...more });
}

async function prepare(text: string) {
  const shared: HostMount[] = [];
  const { spec: prepared, hasSharedPids } = await prepareForGuest(parseSpec(text), {
    containerId: 'c1',
    hasTerminal: false,
    rootPath: '/guest/rootfs',
    guestCpus: 2,
    onOmitted: () => undefined,
    sysctls: { 'net.core.somaxconn': '1', 'kernel.sem': '2' },
    share: async (mount) => {
      shared.push(mount);
      return { path: `/guest/${shared.length}`, hasMountsBelow: mount.source.endsWith('/tree') };
    },
  });
  return { prepared, shared, hasSharedPids };
}

describe('prepareForGuest', () => {
  it('leaves no path of the host', async () => {
    const { prepared, shared } = await prepare(
      spec(
        {
          mounts: [
            { destination: '/proc', type: 'proc', source: 'proc' },
            { destination: '/etc/hosts', type: 'bind', source: '/host/hosts', options: ['rbind', 'ro'] },
            { destination: '/data', type: 'none', source: '/host/data', options: ['rbind', 'rw'] },
            { destination: '/dev/shm', type: 'bind', source: '/host/shm', options: ['rbind'] },
          ],
          hooks: { prestart: [{ path: '/host/hook' }] },
        },
        {
          cgroupsPath: '/kubepods/pod1/c1',
          namespaces: [
            { type: 'pid' },
            { type: 'ipc', path: '/proc/1/ns/ipc' },
            { type: 'uts', path: '/proc/1/ns/uts' },
            { type: 'network', path: '/run/netns/x' },
            { type: 'mount' },
          ],
        },
      ),
    );
    expect(JSON.stringify(prepared, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
      /\/host\/|kubepods|\/netns\/|\/ns\//,
    );
    expect(shared).toEqual([
      { source: '/host/hosts', isReadOnly: true, isReadOnlyBelow: false, followsHost: false },
      { source: '/host/data', isReadOnly: false, isReadOnlyBelow: false, followsHost: false },
    ]);
    expect(prepared.mounts.map(({ source }) => source)).toEqual(['proc', '/guest/1', '/guest/2', '/dev/shm']);
    expect(prepared.linux?.namespaces.map(({ type }) => type)).toEqual(['uts', 'mount']);
    expect(prepared).toMatchObject({ version: '1.0.2', root: { path: '/guest/rootfs' } });
    expect(prepared.linux?.cgroupsPath).toBe('/kata/c1');
    expect(prepared.process?.apparmorProfile).toBe('');
  });

  it('names no CPU of the host', async () => {
    const resources = {
      cpu: { cpus: '6-7', mems: '1', shares: 2048 },
      hugepageLimits: [{ pageSize: '1GB', limit: 0 }],
    };
    const { prepared } = await prepare(spec({}, { resources }));
    expect(prepared.linux?.resources).toMatchObject({ cpu: { cpus: '', mems: '', shares: 2048n }, hugepageLimits: [] });
  });

  it('keeps numbers that a double cannot hold', () => {
    const text = spec().replace(
      '"args"',
      '"rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1024}],"args"',
    );
    expect(parseSpec(text).process?.rlimits).toMatchObject([{ hard: 18_446_744_073_709_551_615n, soft: 1024n }]);
  });

  it('tells a device without a number from number 0', () => {
    const devices = [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 0, minor: 5, access: 'r' },
    ];
    const { resources } = parseSpec(spec({}, { resources: { devices } })).linux!;
    expect(resources?.devices.map(({ major, minor }) => [major, minor])).toEqual([
      [-1n, -1n],
      [0n, 5n],
    ]);
  });

  it.each([
    ['that is separate', [{ type: 'pid' }], false],
    ['of the pod', [{ type: 'pid', path: '/proc/1/ns/pid' }], true],
    ['of the node', [], true],
  ])('says whether a container with a PID namespace %s shares one', async (_, namespaces, isShared) => {
    expect((await prepare(spec({}, { namespaces }))).hasSharedPids).toBe(isShared);
  });

  it('adds the kernel parameters of the pod to those of the container', async () => {
    const { prepared } = await prepare(spec({}, { sysctl: { 'kernel.sem': '3' } }));
    expect(prepared.linux?.sysctl).toEqual({ 'net.core.somaxconn': '1', 'kernel.sem': '3' });
  });

  it.each([
    ['/host/data', ['rbind', 'ro'], ['rbind', 'ro'], false],
    ['/host/tree', ['rbind', 'ro'], ['rbind'], false],
    ['/host/tree', ['rbind', 'rro'], ['rbind', 'ro'], true],
    ['/host/tree', ['rbind', 'rw'], ['rbind', 'rw'], false],
  ])('mounts %s with %j in the guest with %j', async (source, options, expected, isReadOnlyBelow) => {
    const mounts = [{ destination: '/data', type: 'bind', source, options }];
    const { prepared, shared } = await prepare(spec({ mounts }));
    expect(prepared.mounts[0]!.options).toEqual(expected);
    expect(shared).toMatchObject([{ isReadOnlyBelow }]);
  });

  it.each([
    ['rprivate', false],
    ['slave', true],
    ['rslave', true],
  ])('shares a volume with propagation "%s"', async (option, followsHost) => {
    const mounts = [{ destination: '/data', type: 'bind', source: '/host/data', options: ['rbind', option] }];
    expect((await prepare(spec({ mounts }))).shared).toMatchObject([{ followsHost }]);
  });

  it.each([
    [
      spec({ mounts: [{ destination: '/d', type: 'bind', source: '/s', options: ['rbind', 'rshared'] }] }),
      'Cannot mount "/s" at "/d": option "rshared"',
    ],
    [spec({}, { uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] }), 'User namespaces'],
    [spec({}, { devices: [{ path: '/dev/kvm', type: 'c', major: 10, minor: 232 }] }), 'Device "/dev/kvm" of the host'],
  ])('refuses what a guest cannot have: %s', async (text, message) => {
    await expect(prepare(text)).rejects.toMatchObject({
      code: Code.unimplemented,
      rawMessage: expect.stringContaining(message),
    });
  });

  it.each(['', '{', '[]', '"x"', '{"process":5}', '{"linux":{"namespaces":7}}', '{"linux":null}'])(
    'refuses %j',
    async (text) => {
      await expect(prepare(text).catch((error) => Promise.reject(error))).rejects.toMatchObject({
        code: Code.invalidArgument,
      });
    },
  );
});

describe('parseProcess', () => {
  it('reads the process of an exec', () => {
    expect(parseProcess('{"args":["ls"],"env":["A=b"],"user":{"uid":5,"gid":6},"cwd":"/x","unknown":1}')).toMatchObject(
      {
        args: ['ls'],
        env: ['A=b'],
        user: { uid: 5, gid: 6 },
        cwd: '/x',
      },
    );
  });
});
