/**
 * Waits, without a thread and without polling, until something happens on a descriptor that libuv does not read
 * itself: a connection under way, a port without anybody on the host.
 *
 * An epoll descriptor can itself be polled: it is readable when what it watches has an event. So one is put under a
 * `net.Socket`, in libuv's loop. Reading an epoll always fails with EINVAL (epoll(7)), and that error is the wake-up call.
 */
import { once } from 'node:events';
import { adoptStream } from './adopt-descriptor.ts';
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, type Libc } from './libc.ts';

/** Resolves when `descriptor` has one of `events`, or an error. Rejects when aborted; leaves the descriptor open. */
export async function waitForEvents(
  libc: Libc,
  descriptor: number,
  events: number,
  signal: AbortSignal,
): Promise<void> {
  await waitForEpoll(libc, libc.openEpoll(descriptor, events), signal);
}

/** Resolves when `descriptor` does not report POLLHUP (any more): the other side is open. Rejects when aborted. */
export async function waitForPeer(libc: Libc, descriptor: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    // Edge-triggered: the current state is read here, and only a change after that wakes. A peer that connects and sends
    // nothing makes the port writable, so EPOLLOUT is requested too.
    const epoll = libc.openEpoll(descriptor, EPOLLIN | EPOLLOUT | EPOLLET);
    if ((libc.takeEpollEvents(epoll) & EPOLLHUP) === 0) {
      libc.closeDescriptor(epoll);
      return;
    }
    await waitForEpoll(libc, epoll, signal);
  }
}

async function waitForEpoll(libc: Libc, epoll: number, signal: AbortSignal): Promise<void> {
  const waker = adoptStream(libc, epoll);
  try {
    const [error] = (await once(waker, 'error', { signal })) as [NodeJS.ErrnoException];
    if (error.code !== 'EINVAL') {
      throw error;
    }
  } finally {
    waker.destroy();
  }
}
