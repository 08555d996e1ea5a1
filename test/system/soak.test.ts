/**
 * The soak of bench/soak.ts in short: the real kata-monitor over sandboxes that come and go, hang and lie, scraped by two clients of which one reads at a trickle. How long responses take is limited by what the clients say that they wait, and by
 * nothing else here; memory needs minutes, and is judged by the bench alone.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { runSoak, type SoakResult } from '../../bench/soak/run-soak.ts';

const SECONDS = 20;

let result: SoakResult;

beforeAll(async () => {
  result = await runSoak({ sandboxes: 40, warmUpSeconds: 5, seconds: SECONDS });
});

describe('A node on which sandboxes come and go', () => {
  it('gives every response in time, well-formed, and with the good sandboxes whole', () => {
    expect([...result.warmUp.breaches, ...result.soak.breaches]).toEqual([]);
    expect(result.soak.scrapeMs).toHaveLength(SECONDS);
    expect(result.soak.strictlyRead).toBeGreaterThan(0);
    // On a busy machine some are slow, which says nothing of the monitor.
    expect(result.soak.slowCount).toBeLessThan(result.soak.checkedCount / 2);
  });

  it('lets no slow client go on behind its time', () => {
    const { cut_off, complete, still_open } = result.soak.slowScrapes;
    expect({ ended: cut_off + complete, still_open }).toEqual({ ended: SECONDS, still_open: 0 });
  });

  it('has no more descriptors open than before when all is quiet', () => {
    const { before, after } = result;
    expect({ descriptors: after.descriptors, sockets: after.sockets }).toEqual({
      descriptors: before.descriptors,
      sockets: before.sockets,
    });
  });
});
