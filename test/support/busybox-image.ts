/**
 * OCI image archives with nothing but Debian's static busybox in them, made here: no registry, no network.
 * Used by system tests that start real containers.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const BUSYBOX_IMAGE_NAME = 'kata-metrics.test/busybox:latest';

/** Go's names of the architectures that Debian's containerd is built for. */
const GO_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64' };

interface Blob {
  readonly digest: string;
  readonly size: number;
}

export interface ImageOptions {
  /** Default: the one that is exported here. */
  readonly names?: readonly string[];
  /** Of the image's configuration, over what the image has by default; see the OCI image specification. */
  readonly config?: object;
  /** Executable text files, by their paths in the image. */
  readonly files?: Readonly<Record<string, string>>;
  /** Copies of busybox under other names, such as `/bin/tool`; these are set-user-ID. */
  readonly setuidPrograms?: readonly string[];
}

/** Every command of busybox is in /bin. */
export const USUAL_COMMAND: readonly string[] = ['/bin/busybox', 'sleep', '100000'];

/** Writes `busybox.tar` into `folderPath`, which must exist, and gives its path. */
export function makeBusyboxImage(folderPath: string, options: ImageOptions = {}): string {
  const layoutPath = join(folderPath, 'layout');
  rmSync(layoutPath, { recursive: true, force: true });
  mkdirSync(join(layoutPath, 'blobs/sha256'), { recursive: true });

  const layerBytes = readFileSync(makeLayer(folderPath, options));
  const layer = writeBlob(layoutPath, layerBytes);
  const config = writeBlob(layoutPath, {
    architecture: GO_ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    // As the image of a pod's own container it has to stay.
    config: { Cmd: USUAL_COMMAND, Env: ['PATH=/bin'], ...options.config },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = writeBlob(layoutPath, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const { names = [BUSYBOX_IMAGE_NAME] } = options;
  const index = {
    schemaVersion: 2,
    manifests: names.map((name) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      ...manifest,
      annotations: { 'io.containerd.image.name': name },
    })),
  };
  writeFileSync(join(layoutPath, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(layoutPath, 'index.json'), JSON.stringify(index));

  const imagePath = join(folderPath, 'busybox.tar');
  execFileSync('tar', ['-C', layoutPath, '-cf', imagePath, '.']);
  return imagePath;
}

function makeLayer(folderPath: string, { files = {}, setuidPrograms = [] }: ImageOptions): string {
  const rootPath = join(folderPath, 'rootfs');
  rmSync(rootPath, { recursive: true, force: true });
  for (const folder of ['bin', 'etc', 'tmp']) {
    mkdirSync(join(rootPath, folder), { recursive: true });
  }
  chmodSync(join(rootPath, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(rootPath, 'bin/busybox'));
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n');
  for (const name of applets.filter((each) => each !== '' && each !== 'busybox')) {
    symlinkSync('busybox', join(rootPath, 'bin', name));
  }
  for (const [path, text] of Object.entries(files)) {
    const target = join(rootPath, path);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    writeFileSync(target, text, { mode: 0o755 });
  }
  for (const path of setuidPrograms) {
    const target = join(rootPath, path);
    rmSync(target, { force: true }); // a link to busybox itself
    copyFileSync('/bin/busybox', target);
    chmodSync(target, 0o4755);
  }
  const layerPath = join(folderPath, 'layer.tar');
  execFileSync('tar', ['-C', rootPath, '--owner=0', '--group=0', '-cf', layerPath, '.']);
  return layerPath;
}

function writeBlob(layoutPath: string, content: Buffer | object): Blob {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const hash = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(layoutPath, 'blobs/sha256', hash), bytes);
  return { digest: `sha256:${hash}`, size: bytes.length };
}
