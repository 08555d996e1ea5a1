import { create, fromJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ProcessSchema, SpecSchema } from '../../runtime-proto/index.ts';
import { toOciJson } from './oci-json.ts';

describe('toOciJson', () => {
  it('writes what config.json has, with the names and numbers of the specification', () => {
    const document = {
      ociVersion: '1.0.2',
      process: {
        terminal: true,
        user: { uid: 1000, gid: 1, additionalGids: [0, 5] },
        args: ['sh', ''],
        cwd: '/',
        capabilities: { bounding: ['CAP_CHOWN'] },
        rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1048576, soft: 1024 }],
        oomScoreAdj: -998,
      },
      root: { path: '/r', readonly: true },
      annotations: { a: 'b' },
      linux: {
        sysctl: { 'net.ipv4.ip_forward': '1' },
        resources: {
          devices: [{ type: 'c', major: -1, minor: 5, access: 'rwm' }],
          memory: { limit: 9007199254740991, disableOOMKiller: true },
          cpu: { shares: 1024, quota: -1, period: 100000, cpus: '0-1' },
          pids: { limit: 10 },
        },
        cgroupsPath: '/kata/x',
        seccomp: {
          defaultAction: 'SCMP_ACT_ERRNO',
          syscalls: [
            { names: ['read'], action: 'SCMP_ACT_ALLOW', errnoRet: 0, args: [{ value: 131072, op: 'SCMP_CMP_NE' }] },
          ],
        },
        maskedPaths: ['/proc/kcore'],
      },
    };
    expect(JSON.parse(toOciJson(SpecSchema, fromJson(SpecSchema, document)))).toEqual(document);
  });

  it('writes numbers that a double cannot hold in full', () => {
    const process = create(ProcessSchema, { rlimits: [{ type: 'X', hard: 18_446_744_073_709_551_615n }] });
    expect(toOciJson(ProcessSchema, process)).toBe('{"rlimits":[{"type":"X","hard":18446744073709551615}]}');
  });

  it('keeps a part that is there and empty: no capabilities are not all capabilities', () => {
    expect(toOciJson(ProcessSchema, create(ProcessSchema, { capabilities: {} }))).toBe('{"capabilities":{}}');
  });
});
