/**
 * Pushes the metrics of a scrape of /metrics to an OTLP endpoint periodically. Loaded only if an endpoint is configured.
 */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type CatalogFamily, LabelledCounter, PlainCounter, singleFamily } from '../collectors/index.ts';
import type { MergePlan } from '../exposition/index.ts';
import type { OtlpSettings } from '../settings/otlp.ts';
import { type Batch, BatchWriter } from './batches.ts';
import { type Delivery, deliver } from './deliver.ts';
import { openGrpcPoster } from './grpc-post.ts';
import { JsonEncoder } from './json-encoder.ts';
import { type PackedBatch, packBatch } from './packed-batch.ts';
import { openHttpPoster, type Poster } from './post.ts';
import { ProtobufEncoder } from './protobuf-encoder.ts';
import { readShimStarts, type SandboxTimes, StartTimes } from './start-times.ts';

export type { SandboxTimes } from './start-times.ts';

/** Content of one scrape. */
export interface OtlpReading {
  /** Families and samples of the response of /metrics. */
  readonly plan: MergePlan;
  readonly sandboxes: readonly SandboxTimes[];
  /** Called once, when the plan is no longer read. */
  release(): void;
}

export interface OtlpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface OtlpOptions {
  readonly settings: OtlpSettings;
  /** Version of the package. */
  readonly version: string;
  readonly log: OtlpLog;
  /** Runs long work between other work of the process. */
  readonly work: { run<T>(steps: Generator<unknown, T>): Promise<T> };
  /** `finished`: whether the endpoint has all of it. Rejects with the signal's reason. */
  readonly read: (signal: AbortSignal, finished: Promise<{ readonly isComplete: boolean }>) => Promise<OtlpReading>;
}

export interface RunningOtlp {
  collect(): CatalogFamily[];
  /** Ends the push in progress. */
  close(): Promise<void>;
}

/** @throws {OptionError} when a file of the settings cannot be read */
export function startOtlp(options: OtlpOptions): RunningOtlp {
  const pusher = new Pusher(options);
  const closing = new AbortController();
  const running = pusher.run(closing.signal);
  return {
    collect: () => pusher.collect(),
    close: async () => {
      closing.abort(new Error('The monitor is shutting down'));
      await running;
    },
  };
}

/** An endpoint cannot silence the monitor for longer. */
const MAX_QUIET_MS = 10 * 60_000;

class Pusher {
  readonly #options: OtlpOptions;
  readonly #poster: Poster;
  readonly #encoder: ProtobufEncoder | JsonEncoder;
  readonly #batchWriter: BatchWriter;
  readonly #startTimes = new StartTimes();
  readonly #pushes = new LabelledCounter('kata_monitor_otlp_pushes_total', 'outcome');
  readonly #points = new LabelledCounter('kata_monitor_otlp_data_points_total', 'outcome');
  readonly #retries = new PlainCounter('kata_monitor_otlp_retries_total');
  #lastSuccessSeconds: number | undefined;
  /** Time until which the endpoint wants no request, by `performance.now`. */
  #quietUntilMs = 0;
  /** The problem that the log has reported last. */
  #problem: string | undefined;
  #warning: string | undefined;

  constructor(options: OtlpOptions) {
    this.#options = options;
    const { settings, version } = options;
    this.#encoder = settings.protocol === 'http/json' ? new JsonEncoder() : new ProtobufEncoder();
    this.#poster =
      settings.protocol === 'grpc'
        ? openGrpcPoster(settings, version)
        : openHttpPoster(settings, this.#encoder.contentType, version);
    this.#batchWriter = new BatchWriter(this.#encoder);
  }

  collect(): CatalogFamily[] {
    const success = this.#lastSuccessSeconds;
    return [
      this.#pushes.collect(),
      this.#points.collect(),
      this.#retries.collect(),
      ...(success === undefined ? [] : [singleFamily('kata_monitor_otlp_last_success_timestamp_seconds', success)]),
    ];
  }

  /** Pushes begin at the beginning of an interval: one that takes longer leaves out the next ones. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { intervalMs, url } = this.#options.settings;
    this.#options.log.info({ endpoint: url.href, intervalMs }, 'Pushing metrics to an OTLP endpoint');
    const startMs = performance.now();
    while (!signal.aborted) {
      if (performance.now() >= this.#quietUntilMs) {
        await this.#push(signal);
      } else {
        this.#pushes.add('failed', 1);
      }
      const nextMs = intervalMs - ((performance.now() - startMs) % intervalMs);
      await pause(nextMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.#poster.close();
  }

  async #push(signal: AbortSignal): Promise<void> {
    const { settings, log } = this.#options;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(settings.intervalMs)]);
    const { promise: finished, resolve } = Promise.withResolvers<{ readonly isComplete: boolean }>();
    try {
      const batches = await this.#readBatches(deadline, finished);
      const delivery = await deliver(batches, {
        poster: this.#poster,
        encoder: this.#encoder,
        compression: settings.compression,
        signal: deadline,
        wait: (ms, waitSignal) => pause(ms, undefined, { signal: waitSignal, ref: false }),
        random: Math.random,
        onQuiet: (ms) => {
          this.#quietUntilMs = performance.now() + Math.min(ms, MAX_QUIET_MS);
        },
        onTrouble: (problem) => this.#report(problem),
        onWarning: (warning) => this.#warn(warning),
      });
      if (!signal.aborted) {
        this.#note(delivery);
      }
      resolve({ isComplete: delivery.rejected + delivery.lost === 0 });
    } catch (error) {
      resolve({ isComplete: false });
      if (!signal.aborted) {
        this.#pushes.add('failed', 1);
        if (deadline.aborted) {
          this.#report(`the metrics were not read within ${settings.intervalMs} ms`);
        } else {
          log.error({ err: error, endpoint: settings.url.href }, 'Cannot push metrics');
        }
      }
    }
  }

  /** Encodes everything before anything is sent: the scrape is over when the endpoint is slow. */
  async #readBatches(signal: AbortSignal, finished: Parameters<OtlpOptions['read']>[1]): Promise<PackedBatch[]> {
    const { read, settings, version, work } = this.#options;
    const { plan, sandboxes, release } = await read(signal, finished);
    try {
      this.#startTimes.update(sandboxes, Date.now() / 1000, readShimStarts(plan));
      const batches = this.#batchWriter.write(plan, {
        version,
        common: { 'host.name': hostname(), ...settings.resourceAttributes },
        timesOf: (sandboxId, origin) => this.#startTimes.timesOf(sandboxId, origin),
        onDropped: (count) => count > 0 && this.#points.add('unsupported', count),
      });
      const packed: PackedBatch[] = [];
      for (;;) {
        signal.throwIfAborted();
        const batch = await work.run(nextBatch(batches));
        if (batch === undefined) {
          return packed;
        }
        packed.push(await packBatch(batch, { encoder: this.#encoder, compression: settings.compression }));
      }
    } finally {
      release();
    }
  }

  #note({ sent, rejected, lost, retries, problem }: Delivery): void {
    const outcome = rejected + lost === 0 ? 'success' : sent > 0 ? 'partial' : 'failed';
    this.#pushes.add(outcome, 1);
    for (const [name, count] of Object.entries({ sent, rejected, lost })) {
      if (count > 0) {
        this.#points.add(name, count);
      }
    }
    this.#retries.add(retries);
    if (outcome === 'success') {
      this.#lastSuccessSeconds = Date.now() / 1000;
    }
    this.#report(
      problem === undefined ? undefined : `${problem}; sent ${sent}, rejected ${rejected}, lost ${lost} data points`,
      problem,
    );
  }

  #warn(warning: string): void {
    if (warning !== this.#warning) {
      this.#warning = warning;
      const endpoint = this.#options.settings.url.href;
      this.#options.log.warn({ endpoint, warning }, 'The OTLP endpoint has taken all metrics with a warning');
    }
  }

  /** Once for each problem. `key`: the part that tells one problem from another. */
  #report(problem: string | undefined, key = problem): void {
    const { log, settings } = this.#options;
    if (key !== this.#problem) {
      this.#problem = key;
      const endpoint = settings.url.href;
      if (problem === undefined) {
        log.info({ endpoint }, 'The OTLP endpoint takes all metrics again');
      } else {
        log.warn({ endpoint, problem }, 'Cannot push metrics to the OTLP endpoint');
      }
    }
  }
}

/** Undefined at the end. */
function* nextBatch(batches: Generator<Batch | undefined>): Generator<void, Batch | undefined> {
  for (;;) {
    const next = batches.next();
    if (next.done === true) {
      return undefined;
    }
    if (next.value !== undefined) {
      return next.value;
    }
    yield;
  }
}
