/**
 * A port of virtio-serial for real: sessions between this process and one in a guest, with either of them restarted in the
 * middle of what it sends. One machine for all tests.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Address, dial } from '../../src/transport/index.ts';
import { type GuestRun, runInGuest } from '../support/guest-run.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';
import { CLOSE_WORD, DIE_WORD } from './guest-programs/serial-words.ts';

const programPath = new URL('guest-programs/serial-program.ts', import.meta.url).pathname;

/** A guest that boots on a busy machine. */
const DIAL_TIMEOUT_MS = 180_000;

/** All values of a byte, and in no period that a frame has: `seed` makes it another one. */
function makeBytes(count: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff));
}

/** Reads until `count` bytes are there; rejects when the stream ends before. */
async function readBytes(stream: Duplex, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= count) {
      break;
    }
  }
  return Buffer.concat(chunks);
}

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'a serial line to a guest',
  () => {
    let guest: GuestRun;
    let address: Address;

    beforeAll(async () => {
      guest = await runInGuest(await provideGuest(), { programPath });
      address = { kind: 'serial+unix', path: guest.portSocketPath };
      await guest.waitForSocket();
    });
    afterAll(() => guest?.stop());

    const open = (): Promise<Duplex> => dial(address, { timeoutMs: DIAL_TIMEOUT_MS });

    const expectEcho = async (seed: number): Promise<void> => {
      const stream = await open();
      const sent = makeBytes(100_000, seed);
      stream.write(sent);
      expect((await readBytes(stream, sent.length)).equals(sent)).toBe(true);
      stream.destroy();
    };

    it('gives up at its deadline while the guest boots, and is there when it has booted', async () => {
      await expect(dial(address, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
      await expectEcho(1);
    });

    it('carries megabytes of any bytes both ways, and ends by half-close', async () => {
      const stream = await open();
      const sent = makeBytes(3_000_000, 2);
      const closed = once(stream, 'close');
      stream.end(sent);
      expect((await readBytes(stream, Number.POSITIVE_INFINITY)).equals(sent)).toBe(true);
      await closed;
      expect(stream.errored).toBeNull();
    });

    it('has nothing of the last life after the host was gone in the middle of it', async () => {
      for (let round = 0; round < 20; round++) {
        const stream = await open();
        stream.on('error', () => undefined);
        stream.write(makeBytes(400_000, round));
        await readBytes(stream, 1 + round * 15_000);
        stream.destroy();
        await expectEcho(100 + round);
      }
    });

    it('has nothing of a frame that was cut short, nor of bytes that are none', async () => {
      for (const garbage of [Buffer.from('c00401', 'hex'), makeBytes(70_000, 3), Buffer.from('\r\n~ ATH0 \xdb')]) {
        const raw = connect(guest.portSocketPath);
        await once(raw, 'connect');
        raw.end(garbage);
        await once(raw.resume(), 'close');
        await expectEcho(4);
      }
    });

    it('ends with ECONNRESET when the guest dies in the middle of it, and begins anew', async () => {
      for (let round = 0; round < 3; round++) {
        const stream = await open();
        const failed = once(stream, 'error');
        stream.write(makeBytes(200_000, round));
        await readBytes(stream, 1 + round * 10_000);
        stream.resume().write(DIE_WORD);
        const [error] = await failed;
        expect(error).toMatchObject({ code: 'ECONNRESET' });
        await expectEcho(200 + round);
      }
    });

    it('lets the process in the guest end when its listener is closed', async () => {
      const stream = await open();
      const failed = once(stream, 'error');
      stream.write(CLOSE_WORD);
      stream.resume();
      expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
      const end = await guest.waitForLine((line) => (/ended with code 0/.test(line) ? line : undefined));
      expect(end).toContain('starting it again');
    });
  },
);
