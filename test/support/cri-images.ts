/**
 * Waits for images in the list of CRI. containerd serves before its CRI plugin does, and the plugin learns of images that `ctr`
 * imports from events, some time after `ctr` has ended: a pod that is made earlier pulls its image from a registry.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { waitUntil } from './processes.ts';

const METHOD = '/runtime.v1.ImageService/ImageStatus';
const CALL_TIMEOUT_MS = 10_000;
/** On a machine with other work. */
const TIMEOUT_MS = 120_000;
/** Tag of field 1 of a message, with a length. In the request it is the image, and in that its name; in the response, the image. */
const FIELD_1 = 0x0a;

/** `socketPath`: of containerd. Rejects with what CRI responded last when an image is missing for too long. */
export async function waitForCriImages(socketPath: string, names: readonly string[]): Promise<void> {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  try {
    const deadlineMs = performance.now() + TIMEOUT_MS;
    for (const name of names) {
      await waitUntil(async () => {
        const state = await readState(client, name);
        if (state !== 'present' && performance.now() > deadlineMs) {
          throw new Error(`CRI of containerd has no image "${name}" after ${TIMEOUT_MS / 1000} s: ${state}`);
        }
        return state === 'present';
      });
    }
  } finally {
    client.close();
  }
}

/** `present`, `absent`, or an error. */
function readState(client: Client, name: string): Promise<string> {
  const text = Buffer.from(name);
  const request = Buffer.from([FIELD_1, text.length + 2, FIELD_1, text.length, ...text]);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      METHOD,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request,
      { deadline: Date.now() + CALL_TIMEOUT_MS },
      (error, response) => resolve(error === null ? (response?.[0] === FIELD_1 ? 'present' : 'absent') : error.message),
    );
  });
}
