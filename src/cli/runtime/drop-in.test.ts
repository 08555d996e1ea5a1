import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { criPluginOf, formatDropIn, OWNER_LINE } from './drop-in.ts';

const runtime = {
  runtime_type: 'io.containerd.kata.v2',
  runtime_path: '/opt/a b/shim',
  pod_annotations: ['io.katacontainers.*'],
  privileged_without_host_devices: true,
};
const own = { name: 'kata', shimPath: '/opt/a b/shim' };

describe('formatDropIn', () => {
  it.each([
    [2, 2, 'io.containerd.grpc.v1.cri'],
    [3, 3, 'io.containerd.cri.v1.runtime'],
    [4, 3, 'io.containerd.cri.v1.runtime'],
  ])('adds only the runtime where tables are merged: version %i', (configVersion, version, plugin) => {
    const text = formatDropIn({ ...own, configVersion, repeated: undefined });
    expect(text.startsWith(`${OWNER_LINE}\n`)).toBe(true);
    expect(parse(text)).toEqual({ version, plugins: { [plugin]: { containerd: { runtimes: { kata: runtime } } } } });
  });

  it('repeats the table of other files, and the default runtime, where they are replaced', () => {
    const criTable = {
      cni: { bin_dir: '/usr/lib/cni' },
      big: 2n ** 60n,
      containerd: { snapshotter: 'native', runtimes: { gvisor: { runtime_type: 'x' }, runc: { runtime_type: 'y' } } },
    };
    const repeated = { criTable, runtimes: { runc: { runtime_type: 'z' } } };
    const document = parse(formatDropIn({ ...own, configVersion: 2, repeated }), { integersAsBigInt: 'asNeeded' });
    const { containerd, ...others } = criTable;
    expect(document['plugins']).toEqual({
      'io.containerd.grpc.v1.cri': {
        ...others,
        containerd: { ...containerd, runtimes: { ...containerd.runtimes, kata: runtime } },
      },
    });
  });

  it.each([1, 0, Number.NaN])('rejects version %d', (version) => {
    expect(() => criPluginOf(version)).toThrow(`its version is ${version}, at least 2 is required`);
  });
});
