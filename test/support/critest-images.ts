/**
 * Images for critest under the names that it uses, made from busybox: no registry is needed. What stands for nginx and httpd is a
 * shell script with busybox' web server; what stands for the program that shows its effective user is a set-user-ID `su`.
 */
import { BUSYBOX_IMAGE_NAME, makeBusyboxImage } from './busybox-image.ts';

const E2E = 'registry.k8s.io/e2e-test-images';
const STAGING = 'gcr.io/k8s-staging-cri-tools';

const FILES = {
  '/etc/passwd': [
    'root::0:0:root:/:/bin/sh',
    'default-user:x:1000:1000::/:/bin/sh',
    'nobody:x:65534:65534::/:/bin/sh',
    '',
  ].join('\n'),
  '/etc/group': ['root:x:0:', 'default-user:x:1000:', 'group-defined-in-image:x:50000:default-user', ''].join('\n'),
  '/usr/sbin/nginx': [
    '#!/bin/sh',
    'mkdir -p /www /var/run',
    'echo page >/www/index.html',
    'echo httpd is up',
    'httpd -p "$2" -h /www',
    'echo $$ >/var/run/nginx.pid',
    'while :; do sleep 1000; done',
    '',
  ].join('\n'),
  // Debian's busybox has neither.
  '/bin/pgrep': '#!/bin/sh\nexec pidof "$1"\n',
  '/bin/ipcs': '#!/bin/sh\nexec cat /proc/sysvipc/shm\n',
  '/bin/show-user': [
    '#!/bin/sh',
    // By its path: the shell runs a bare name as a part of itself, which has no more rights than the shell.
    "/bin/su -c 'echo Effective uid: 0' root 2>/dev/null || echo Effective uid: $(id -u)",
    '',
  ].join('\n'),
};

const serve = (port: number): object => ({ Cmd: ['/usr/sbin/nginx', 'master process', String(port)] });

const IMAGES: readonly (readonly [readonly string[], object])[] = [
  [[BUSYBOX_IMAGE_NAME, `${E2E}/busybox:1.29-2`, `${STAGING}/test-image-predefined-group:latest`], {}],
  [[`${E2E}/nginx:1.14-2`, `${E2E}/httpd:2.4.39-4`], serve(80)],
  [[`${STAGING}/hostnet-nginx-amd64:latest`], serve(12003)],
  [[`${E2E}/nonewprivs:1.3`], { Cmd: ['/bin/show-user'] }],
];

/** Writes them into `folderPath` one after the other and hands each to `load`, with its names. */
export async function makeCritestImages(
  folderPath: string,
  load: (path: string, names: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (const [names, config] of IMAGES) {
    await load(makeBusyboxImage(folderPath, { names, config, files: FILES, setuidPrograms: ['/bin/su'] }), names);
  }
}
