/**
 * AF_VSOCK for real: agent and client in one guest, over vsock_loopback. One machine for all checks; the program that runs
 * in it writes what it has seen, and what is right stands here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuestRun, runInGuest } from '../support/guest-run.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';
import { ECHOES, IDLE_MS, RPC_CALLS, RPC_TIMEOUT_MS } from './guest-programs/vsock-checks.ts';

const programPath = new URL('guest-programs/vsock-program.ts', import.meta.url).pathname;

/** 25 s on a machine that does nothing else; the CPU is emulated. */
const CALLS_TEST_TIMEOUT_MS = 300_000;

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'AF_VSOCK in a guest',
  () => {
    let guest: GuestRun;

    beforeAll(async () => {
      guest = await runInGuest(await provideGuest(), { programPath });
    });
    afterAll(() => guest?.stop());

    /** What the program has seen in one of its checks. */
    const seenIn = (check: string): Promise<Record<string, unknown>> =>
      guest.waitForLine((line) => {
        if (line.startsWith('init: kata-agent ended with code') && !line.includes('code 0,')) {
          throw new Error(`The program in the guest failed before "${check}"`);
        }
        return line.startsWith(`{"check":"${check}"`) ? (JSON.parse(line) as Record<string, unknown>) : undefined;
      });

    it('reports that no process listens yet, that a port is taken, and leaves no descriptor open', async () => {
      expect(await seenIn('failures')).toEqual({
        check: 'failures',
        refusedPort: 'not_there',
        unknownMachine: 'not_there',
        takenPort: 'in_use',
        aborted: 'aborted',
        newDescriptors: 0,
      });
      expect(await seenIn('closed')).toEqual({ check: 'closed', refusedPort: 'not_there' });
    });

    it('sends megabytes to a client that has ended its side', async () => {
      expect(await seenIn('half-close')).toEqual({
        check: 'half-close',
        question: 'question',
        isWritable: true,
        answerBytes: 8 * 1024 * 1024,
      });
    });

    it('takes no more than the buffers hold while no peer reads, and loses nothing', async () => {
      const seen = await seenIn('back-pressure');
      expect(seen['writtenUnreadBytes']).toBeLessThan(2 * 1024 * 1024);
      expect(seen['isWhole']).toBe(true);
    });

    it('works beside 100 idle connections, which need no thread and no CPU', async () => {
      const seen = await seenIn('idle');
      expect(seen).toMatchObject({ echoes: ECHOES, newThreads: 0 });
      // An emulated guest counts the time for which it waits for a busy host, and garbage of the connections may be collected in
      // that time; polling would take all of it.
      expect(seen['idleCpuMs']).toBeLessThan(IDLE_MS / 2);
      expect(seen['wakes']).toBeLessThan(50);
    });

    it(
      'moves 1,000 GetMetrics calls without a lost or late one',
      async () => {
        const seen = await seenIn('calls');
        expect(seen['responses']).toBe(RPC_CALLS);
        expect(seen['maxMs']).toBeLessThan(RPC_TIMEOUT_MS);
      },
      CALLS_TEST_TIMEOUT_MS,
    );

    it('lets the process end when all is closed', async () => {
      await seenIn('done');
      expect(
        await guest.waitForLine((line) => (line.startsWith('init: kata-agent ended') ? line : undefined)),
      ).toContain('ended with code 0');
    });
  },
);
