import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openServiceManager, ServiceManager, toSocketAddress } from './service-manager.ts';

describe('ServiceManager', () => {
  let sent: string[];
  const send = (message: Buffer): void => {
    sent.push(message.toString());
  };

  beforeEach(() => {
    sent = [];
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('says when it is ready and when it stops, one line each', () => {
    const manager = new ServiceManager(send, undefined);
    manager.sayReady('a\nREADY=0');
    vi.advanceTimersByTime(60_000);
    manager.sayStopping();
    expect(sent).toEqual(['READY=1\nSTATUS=a READY=0\n', 'STOPPING=1\nSTATUS=Ending\n']);
  });

  it('says that it is alive twice in the time that it has, from ready to stopping', () => {
    const manager = new ServiceManager(send, 1000);
    vi.advanceTimersByTime(5000);
    expect(sent).toEqual([]);
    manager.sayReady('x');
    vi.advanceTimersByTime(1000);
    manager.sayStopping();
    vi.advanceTimersByTime(5000);
    expect(sent.slice(1)).toEqual(['WATCHDOG=1\n', 'WATCHDOG=1\n', 'STOPPING=1\nSTATUS=Ending\n']);
  });

  it('goes on when one of these notices cannot be sent', () => {
    let isFull = false;
    const manager = new ServiceManager((message) => {
      if (isFull) {
        throw new Error('Full');
      }
      send(message);
    }, 1000);
    manager.sayReady('x');
    isFull = true;
    vi.advanceTimersByTime(500);
    isFull = false;
    vi.advanceTimersByTime(500);
    expect(sent.slice(1)).toEqual(['WATCHDOG=1\n']);
  });
});

describe('openServiceManager', () => {
  it.each([[{}], [{ NOTIFY_SOCKET: '' }], [{ WATCHDOG_USEC: '1000' }]])('is absent for %j', async (env) => {
    expect(await openServiceManager(env, 7)).toBeUndefined();
    expect(env).toEqual({});
  });

  it.each(['relative', '@', '/', 'vsock:2:1', `/${'x'.repeat(108)}`])('refuses %j', async (path) => {
    await expect(openServiceManager({ NOTIFY_SOCKET: path }, 7)).rejects.toThrow(
      new RangeError(`Variable NOTIFY_SOCKET must be an absolute path or "@" and a name, got "${path}"`),
    );
  });
});

it('makes an address as the kernel has it', () => {
  expect(toSocketAddress('/a').subarray(2)).toEqual(Buffer.from('/a'));
  expect(toSocketAddress('@a@').subarray(2)).toEqual(Buffer.from('\0a@'));
});
