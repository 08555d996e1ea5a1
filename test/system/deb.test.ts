/**
 * The Debian package: built twice, and installed, used and removed in a virtual machine with a small Debian and its systemd.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDeb } from '../../scripts/package/deb.ts';
import { thisMachine } from '../../scripts/package/machine.ts';
import { type ImageStore, openImageStore } from '../support/container-images.ts';
import { debianMachinePackages, runInDebian } from '../support/debian-machine.ts';
import { DEBIAN_IMAGE_NAME, DEBIAN_TIMEOUT_MS, debianStorePackages } from '../support/debian-root.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = missingPackages([...debianStorePackages, ...debianMachinePackages, 'binutils']);
const isRoot = process.getuid?.() === 0;
const EPOCH_SECONDS = 1_700_000_000;

/** Each line that begins with "@" is looked at by a test; the rest is there for the reader of a failure. */
const script = `
export LC_ALL=C
list() { find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/log \\) -prune -o -printf '%p %M %l\\n' | sort; }
get() ( exec 3<>/dev/tcp/127.0.0.1/8090 && printf 'GET %s HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n' "$1" >&3 && cat <&3 )
say() { echo "@$1: $(cat | tr '\\n' ' ' | sed 's/ *$//')"; }
list >/run/before

dpkg --install /package.deb && echo yes | say installed
systemctl is-enabled kata-monitor.socket kata-monitor.service | say enabled
systemctl is-active kata-monitor.socket kata-monitor.service | say active
systemctl cat kata-monitor-admin.socket 2>&1 | grep -c ListenStream | say admin-socket
systemd-analyze verify --man=no kata-monitor.service kata-monitor.socket 2>&1 | grep -i kata | say faults-of-units
grep -E '^(Uid|CapEff|NoNewPrivs)' /proc/$(systemctl show -P MainPID kata-monitor)/status | tr '\\t' ' ' | say status
dpkg --verify kata-metrics | say changed-files
systemctl reload kata-monitor
until journalctl --unit=kata-monitor --output=cat | grep 'reload on SIGHUP' >/run/reloads; do sleep 1; done
grep -c . /run/reloads | say reloads

mkdir -p /run/vc/sbs
systemd-run --quiet --unit=sandbox /usr/lib/kata-metrics/dist/bin/kata-shim.js run --sandbox-id=one --hypervisor=process --root=/run/vc/sbs
# The agent of the sandbox is there a little later than its shim.
until get /metrics >/run/response && grep -q '^kata_sandbox_up.* 1' /run/response && grep -q '^kata_guest_' /run/response; do sleep 1; done
grep -o '^kata_sandbox_up{sandbox_id="one".*' /run/response | sed 's/,.*} / /' | say up
grep -c '^kata_guest_' /run/response | sed 's/^[1-9].*/some/' | say guest-samples
# An agent on a busy machine may respond late.
until kata-metrics ls --sandboxes-root=/run/vc/sbs | awk '/one/ { print $1, $2 }' >/run/ls && grep -q running /run/ls; do sleep 1; done
say ls </run/ls
kata-monitor --version | say version
systemctl stop sandbox

dpkg --purge kata-metrics && echo yes | say removed
systemctl is-active kata-monitor.socket kata-monitor.service | say active-after
systemctl list-units --all --plain --no-legend 'kata*' | say units-after
list >/run/after
diff /run/before /run/after | grep '^[<>]' | grep -v ' /var/lib/dpkg/[a-z]*-old ' | say left
`;

describe.skipIf(missing.length > 0 || !isRoot)(
  `the Debian package (needs root, ${missing.join(', ') || 'nothing more'})`,
  () => {
    let folder: string;
    let store: ImageStore;
    let debPath: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'km-'));
      store = await openImageStore();
      debPath = await build();
    }, DEBIAN_TIMEOUT_MS);

    afterAll(async () => {
      await store?.close();
      await rm(folder, { recursive: true });
    });

    async function build(): Promise<string> {
      const options = { machine: thisMachine!, foreignPackages: undefined, epochSeconds: EPOCH_SECONDS };
      return buildDeb(await mkdtemp(join(folder, 'deb-')), options);
    }

    it('has the same bytes when it is built again', { timeout: 300_000 }, async () => {
      const [first, second] = await Promise.all([debPath, await build()].map((path) => readFile(path)));
      const [digest, again] = [first!, second!].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
      process.stdout.write(`The Debian package: ${(first!.length / 1e6).toFixed(1)} MB, sha256:${digest}\n`);
      expect(again).toBe(digest);
    });

    it('is installed, serves a sandbox as it is, and leaves nothing when it is removed', {
      timeout: 1_200_000,
    }, async () => {
      const lines = await runInDebian({
        rootPath: await store.mount(DEBIAN_IMAGE_NAME),
        script,
        files: { 'package.deb': await readFile(debPath) },
      });
      const said = Object.fromEntries(
        lines.flatMap((line) => {
          const [, name, text] = /^@([\w-]+): ?(.*)$/.exec(line) ?? [];
          return name === undefined ? [] : [[name, text]];
        }),
      );
      expect(said, lines.join('\n')).toEqual({
        installed: 'yes',
        enabled: 'enabled enabled',
        active: 'active active',
        'admin-socket': '0',
        'faults-of-units': '',
        status: 'Uid: 0 0 0 0 CapEff: 0000000000000000 NoNewPrivs: 1',
        'changed-files': '',
        reloads: '1',
        up: 'kata_sandbox_up{sandbox_id="one" 1',
        'guest-samples': 'some',
        ls: 'one running',
        version: 'kata-monitor 0.1.0',
        removed: 'yes',
        'active-after': 'inactive inactive',
        'units-after': '',
        left: '',
      });
    });
  },
);
