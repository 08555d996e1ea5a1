/**
 * The events that the monitor of QEMU reports about a guest: panics, resets, pauses, and the size of its balloon. Counted
 * as they arrive, so that a scrape sends no command to QEMU. See qapi/run-state.json and qapi/machine.json of QEMU.
 */
import { type CatalogFamily, family, singleFamily } from '../../../collectors/index.ts';
import type { QmpEvent } from './qmp/message.ts';

/** Values of the label `event` by the names of QEMU's events. */
const counted = {
  GUEST_CRASHLOADED: 'crash_loaded',
  GUEST_PANICKED: 'panicked',
  RESET: 'reset',
  SHUTDOWN: 'shutdown',
  WATCHDOG: 'watchdog',
} as const;

type CountedName = keyof typeof counted;
export type GuestEventKind = (typeof counted)[CountedName];

/** The reason of SHUTDOWN when the device pvpanic has reported a panic, and QEMU ends for it. */
const GUEST_PANIC = 'guest-panic';

export class GuestEvents {
  readonly #counts = new Map(Object.values(counted).map((event) => [event, { labels: { event }, value: 0 }]));
  /** Stopped by a command to its monitor, or by QEMU itself, as when a disk of the host is full. */
  isPaused = false;
  #balloonBytes: number | undefined;

  hear({ name, data }: QmpEvent): void {
    if (Object.hasOwn(counted, name)) {
      this.#counts.get(counted[name as CountedName])!.value += 1;
    }
    if (name === 'STOP' || name === 'RESUME') {
      this.isPaused = name === 'STOP';
    }
    if (name === 'BALLOON_CHANGE') {
      this.noteBalloon(data);
    }
  }

  /** Takes the response to `query-status`. */
  noteStatus(value: unknown): void {
    const { running } = (value ?? {}) as { readonly running?: unknown };
    this.isPaused = typeof running === 'boolean' ? !running : this.isPaused;
  }

  /** Takes the response to `query-balloon`, or the data of the event. */
  noteBalloon(value: unknown): void {
    const { actual } = (value ?? {}) as { readonly actual?: unknown };
    if (typeof actual === 'number' && actual >= 0) {
      this.#balloonBytes = actual;
    }
  }

  count(event: GuestEventKind): number {
    return this.#counts.get(event)!.value;
  }

  readonly collect = (): CatalogFamily[] => [
    family('kata_hypervisor_guest_events_total', [...this.#counts.values()]),
    ...(this.#balloonBytes === undefined
      ? []
      : [singleFamily('kata_hypervisor_balloon_guest_memory_bytes', this.#balloonBytes)]),
  ];
}

/** Whether QEMU has ended because the guest's kernel panicked. */
export function isGuestPanic(events: GuestEvents, shutdownReason: string | undefined): boolean {
  return events.count('panicked') > 0 || shutdownReason === GUEST_PANIC;
}
