/**
 * An OCI image archive with nothing but Debian's static busybox in it, made here: no registry, no network.
 * Used by system tests that start real containers.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const BUSYBOX_IMAGE_NAME = 'kata-metrics.test/busybox:latest';

/** Go's names of the architectures that Debian's containerd is built for. */
const GO_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64' };

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Writes `busybox.tar` into `folderPath`, which must exist, and gives its path. */
export function makeBusyboxImage(folderPath: string): string {
  const layoutPath = join(folderPath, 'layout');
  mkdirSync(join(layoutPath, 'blobs/sha256'), { recursive: true });

  const layerBytes = readFileSync(makeLayer(folderPath));
  const layer = writeBlob(layoutPath, layerBytes);
  const config = writeBlob(layoutPath, {
    architecture: GO_ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    // As the image of a pod's own container it has to stay.
    config: { Cmd: ['/bin/busybox', 'sleep', '100000'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = writeBlob(layoutPath, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...manifest,
        annotations: { 'io.containerd.image.name': BUSYBOX_IMAGE_NAME },
      },
    ],
  };
  writeFileSync(join(layoutPath, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(layoutPath, 'index.json'), JSON.stringify(index));

  const imagePath = join(folderPath, 'busybox.tar');
  execFileSync('tar', ['-C', layoutPath, '-cf', imagePath, '.']);
  return imagePath;
}

function makeLayer(folderPath: string): string {
  const rootPath = join(folderPath, 'rootfs');
  mkdirSync(join(rootPath, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(rootPath, 'bin/busybox'));
  symlinkSync('busybox', join(rootPath, 'bin/sh'));
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
