/**
 * The image of the Containerfile: built twice by buildah, and run by crun over two sandboxes with a read-only root file
 * system, as root without a capability and as another user with the one that its program has.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BuiltImage, type ImageStore, openImageStore } from '../support/container-images.ts';
import { CriServer } from '../support/cri-server.ts';
import { DEBIAN_TIMEOUT_MS, debianStorePackages } from '../support/debian-root.ts';
import { answerInChunks, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { findFreePort } from '../support/free-port.ts';
import { type PodContainer, type RunningPod, runPodContainer } from '../support/pod-bundle.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = missingPackages([...debianStorePackages, 'crun']);
const isRoot = process.getuid?.() === 0;
const EPOCH_SECONDS = 1_700_000_000;
const MAX_IMAGE_BYTES = 150_000_000;
const CAP_DAC_OVERRIDE = 1;
/** Of a build of an image and a start of it on a machine with other work. */
const TIMEOUT_MS = 300_000;
const sandboxIds = ['sandbox-0', 'sandbox-1'];
const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

describe.skipIf(missing.length > 0 || !isRoot)(
  `the image (needs root, ${missing.join(', ') || 'nothing more'})`,
  { timeout: TIMEOUT_MS },
  () => {
    let store: ImageStore;
    let image: BuiltImage;
    let rootPath: string;
    let folder: string;
    let pod: RunningPod | undefined;
    let cri: CriServer;
    let shims: FakeShim[];

    beforeAll(async () => {
      store = await openImageStore();
      image = await store.build('root', EPOCH_SECONDS);
      rootPath = await store.mount(image.name);
    }, DEBIAN_TIMEOUT_MS);

    afterAll(async () => {
      await store?.close();
    });

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ki-'));
      for (const name of ['bundle', 'kata', 'containerd', 'sbs']) {
        await mkdir(join(folder, name));
      }
      const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'), 'utf8');
      shims = [];
      for (const id of sandboxIds) {
        const path = join(folder, 'sbs', id, 'shim-monitor.sock');
        await mkdir(join(folder, 'sbs', id), { mode: 0o700 });
        shims.push(await startFakeShim(path, answerInChunks(body)));
        await chmod(path, 0o600);
      }
      const pods = sandboxIds.map((id) => ({ id, metadata: { name: `pod-${id}`, namespace: 'default', uid: id } }));
      cri = await CriServer.start(join(folder, 'containerd/containerd.sock'), { state: { pods } });
      await chmod(cri.socketPath, 0o600);
      pod = undefined;
    });

    afterEach(async () => {
      await pod?.stop();
      await cri.stop();
      await Promise.all(shims.map((shim) => shim.close()));
      await rm(folder, { recursive: true });
    });

    /** As the chart does it, with a password. */
    async function start(
      imageRoot: string,
      securityContext: Partial<PodContainer['securityContext']>,
    ): Promise<{ running: RunningPod; url: string }> {
      const port = await findFreePort();
      const paths = { roots: '/run/vc/sbs', kata: '/run/kata', cri: '/run/containerd', web: '/etc/kata-monitor' };
      pod = await runPodContainer({
        container: {
          command: image.config.Entrypoint,
          args: [
            `--listen-address=127.0.0.1:${port}`,
            '--metrics.profile=standard',
            '--runtime-endpoint=/run/containerd/containerd.sock',
            '--web.config.file=/etc/kata-monitor/web.yml',
          ],
          resources: { limits: { memory: '256Mi' } },
          securityContext: {
            runAsUser: 0,
            runAsGroup: 0,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            ...securityContext,
          },
          volumeMounts: Object.entries(paths).map(([name, mountPath]) => ({ name, mountPath, readOnly: true })),
        },
        volumes: [
          ...(['roots', 'kata', 'cri'] as const).map((name) => ({ name, hostPath: { path: paths[name] } })),
          { name: 'web', secret: { secretName: 'web', defaultMode: 0o444 } },
        ],
        folder: join(folder, 'bundle'),
        hostPaths: {
          [paths.roots]: join(folder, 'sbs'),
          [paths.kata]: join(folder, 'kata'),
          [paths.cri]: join(folder, 'containerd'),
        },
        secrets: { web: { 'web.yml': `basic_auth_users: { prometheus: "${hashSync('secret', 4)}" }\n` } },
        imageRoot,
        runtime: 'crun',
      });
      return { running: pod, url: `http://127.0.0.1:${port}` };
    }

    function scrape(url: string, password: string): Promise<Response> {
      return fetch(`${url}/metrics`, { headers: { authorization: `Basic ${btoa(`prometheus:${password}`)}` } });
    }

    async function expectScrape({ running, url }: { running: RunningPod; url: string }): Promise<void> {
      await vi.waitFor(
        async () => {
          if (running.child.exitCode !== null) {
            return;
          }
          const text = await (await scrape(url, 'secret')).text();
          for (const id of sandboxIds) {
            expect(text).toMatch(
              new RegExp(`^kata_sandbox_up\\{sandbox_id="${id}",cri_uid="${id}",cri_name="pod-${id}",.*\\} 1$`, 'm'),
            );
          }
          expect(text).toMatch(/^kata_guest_load\{item="load1",sandbox_id="sandbox-1",/m);
        },
        { timeout: 60_000, interval: 200 },
      );
      expect(running.child.exitCode, running.log()).toBeNull();
      expect((await scrape(url, 'wrong')).status).toBe(401);
    }

    it('has the same digest when it is built again, and is small', async () => {
      const again = await store.build('root', EPOCH_SECONDS);
      process.stdout.write(`The image: ${(image.sizeBytes / 1e6).toFixed(1)} MB, ${image.digest}\n`);
      expect(again.digest).toBe(image.digest);
      expect(image.sizeBytes).toBeLessThan(MAX_IMAGE_BYTES);
    });

    it('has its program, Node.js, libraries and documents, and nothing else', async () => {
      const entries = await readdir(rootPath, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(rootPath, join(entry.parentPath, entry.name)))
        .filter((path) => !/^usr\/lib\/kata-metrics\/(?:dist\/lib|docs\/runbooks|node_modules)\//.test(path));
      const library =
        /^usr\/lib(?:64)?\/(?:\w+-linux-gnu\/)?(?:lib(?:c|dl|gcc_s|m|pthread|stdc\+\+)|ld-linux-[\w-]+)\.so\.\d$/;
      expect(files.filter((path) => !library.test(path)).sort()).toEqual([
        'lib',
        'lib64',
        'usr/bin/kata-monitor',
        'usr/lib/kata-metrics/bin/node',
        'usr/lib/kata-metrics/dist/bin/kata-monitor.js',
        ...['app.css', 'app.js', 'icon.svg', 'index.html', 'licenses.txt'].map(
          (name) => `usr/lib/kata-metrics/dist/page/${name}`,
        ),
        'usr/lib/kata-metrics/package.json',
        'usr/share/doc/kata-monitor/THIRD-PARTY-LICENSES',
        'usr/share/doc/kata-monitor/copyright',
        'usr/share/doc/kata-monitor/sbom.cdx.json',
      ]);
      expect(image.config.Entrypoint).toEqual(['/usr/bin/kata-monitor']);
      expect(image.config.Labels).toMatchObject({
        'org.opencontainers.image.title': 'kata-monitor',
        'org.opencontainers.image.version': manifest.version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      });
    });

    it('lists what it is made of', async () => {
      const documents = join(rootPath, 'usr/share/doc/kata-monitor');
      const text = await readFile(join(documents, 'sbom.cdx.json'), 'utf8');
      const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
      expect(await validator.validate(text)).toBeNull();
      const names = (JSON.parse(text) as { components: { name: string }[] }).components.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['bcryptjs', 'koffi', 'libc6', 'libstdc++6', 'node', 'preact', 'uplot', 'yaml']),
      );
      expect(names.filter((name) => /vitest|typescript|biome/.test(name))).toEqual([]);
      const licenses = await readFile(join(documents, 'THIRD-PARTY-LICENSES'), 'utf8');
      expect(names.filter((name) => !new RegExp(`[\n/]${name.replaceAll('+', '\\+')} \\d`).test(licenses))).toEqual([]);
    });

    it('is scraped as root without a capability', async () => {
      const started = await start(rootPath, {});
      await expectScrape(started);
      const status = await started.running.readStatus();
      expect(status).toMatch(/^Uid:\t0\t/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    });

    it('is scraped as another user, with the capability of its program', async () => {
      const nonRoot = await store.build('nonroot', EPOCH_SECONDS);
      expect(nonRoot.config.User).toBe('65532:65532');
      const started = await start(await store.mount(nonRoot.name), {
        runAsUser: 65532,
        runAsGroup: 65532,
        allowPrivilegeEscalation: true,
        capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] },
      });
      await expectScrape(started);
      const status = await started.running.readStatus();
      expect(status).toMatch(/^Uid:\t65532\t65532\t/m);
      const [, effective = ''] = /^CapEff:\t(\w+)$/m.exec(status) ?? [];
      expect(Number.parseInt(effective, 16)).toBe(2 ** CAP_DAC_OVERRIDE);
    });

    it('cannot connect to the sandboxes as another user without the capability', async () => {
      const started = await start(rootPath, { runAsUser: 65532, runAsGroup: 65532 });
      await vi.waitFor(
        async () => {
          if (started.running.child.exitCode !== null) {
            return;
          }
          const text = await (await scrape(started.url, 'secret')).text();
          expect(text).toMatch(/^kata_sandbox_scrape_error\{sandbox_id="sandbox-0",.*reason="\w+".*\} 1$/m);
          expect(text).not.toMatch(/^kata_guest_load/m);
        },
        { timeout: 60_000, interval: 200 },
      );
      expect(started.running.child.exitCode, started.running.log()).toBeNull();
    });
  },
);
