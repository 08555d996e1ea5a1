/**
 * The readers that a response of /metrics has to please: Debian's Prometheus for each form, the strict OpenMetrics parser
 * of prometheus_client, and promtool, which parses text as Go programs do. A newer Prometheus too, if there is one:
 * `test/support/newer-prometheus.ts`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newerPrometheus } from '../../support/newer-prometheus.ts';
import { type Prometheus, type PrometheusSample, startPrometheus } from '../../support/prometheus.ts';
import { type Played, type Recorded, type ReplayTargets, startReplayTargets } from './replay-targets.ts';

export const forms = ['text', 'openmetrics', 'protobuf'] as const;
export type Form = (typeof forms)[number];

/** What a client sends that accepts one form alone. */
export const acceptOf: Readonly<Record<Form, string>> = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
};

/** A response in one form, and what it has to hold of sandboxes that are well. */
export interface Response extends Recorded {
  readonly form: Form;
  /** By the id of each good sandbox. */
  readonly wanted: ReadonlyMap<string, GoodSeries>;
}

/** Series of a good sandbox by `seriesKey`. */
export interface GoodSeries {
  /** What its response has to hold. */
  readonly required: ReadonlyMap<string, string>;
  /** What it may hold: in OpenMetrics a histogram that is written as untyped families keeps its sum of NaN. */
  readonly all: ReadonlyMap<string, string>;
}

export interface Readers {
  /** What each reader has to say against the responses; empty where all is well. */
  read(responses: readonly Response[]): Promise<string[]>;
  stop(): Promise<void>;
}

const SLOTS_PER_JOB = 40;
/** Prometheus moves the time of a scrape by up to 2 ms, to an even distance from the last one. */
const CLOCK_STEP_MS = 10;
const pythonPath = '/usr/bin/python3';

export async function startReaders(): Promise<Readers> {
  // Protobuf is read with native histograms on, as only then Prometheus 2 requests it.
  const servers = await Promise.all([
    startServer('Prometheus', ['text', 'openmetrics'], {}),
    startServer('Prometheus with native histograms', forms, { flags: ['--enable-feature=native-histograms'] }),
    ...(newerPrometheus === undefined ? [] : [startServer('newer Prometheus', forms, { program: newerPrometheus })]),
  ]);
  const python = startPython();
  return {
    read: async (responses) => {
      const complaints = await Promise.all([
        ...servers.map((server) => server.read(responses)),
        python.read(responses.filter(({ form }) => form === 'openmetrics')),
      ]);
      return [...complaints.flat(), ...readWithPromtool(responses.filter(({ form }) => form === 'text'))];
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await python.stop();
    },
  };
}

/** `name{labels}` without the labels of a sandbox and of Prometheus; numbers in `le` and `quantile` in one spelling. */
export function seriesKey(name: string, labels: Iterable<readonly [string, string]>): string {
  const own = [...labels].filter(([label, value]) => value !== '' && !foreignLabels.has(label));
  const spelled = own.map(([label, value]) =>
    label === 'le' || label === 'quantile' ? [label, value === '+Inf' ? value : String(Number(value))] : [label, value],
  );
  return `${name}${JSON.stringify(spelled.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))}`;
}

const foreignLabels: ReadonlySet<string> = new Set([
  '__name__',
  'instance',
  'job',
  'slot',
  'sandbox_id',
  'cri_uid',
  'cri_name',
  'cri_namespace',
]);

async function startServer(
  title: string,
  jobs: readonly Form[],
  options: { readonly flags?: readonly string[]; readonly program?: string },
): Promise<Readers> {
  const targets = await startReplayTargets(jobs, SLOTS_PER_JOB);
  const prometheus = await startPrometheus(targets.scrapeConfigs, {
    ...options,
    flags: ['--log.level=debug', ...(options.flags ?? [])],
  });
  return {
    read: async (responses) => {
      const perJob = await Promise.all(jobs.map((job) => readJob(prometheus, targets, job, responses)));
      return perJob.flat().map((complaint) => `${title}: ${complaint}`);
    },
    stop: async () => {
      await prometheus.stop();
      await targets.close();
    },
  };
}

/** A scrape that a busy machine could not end in time tells nothing about the response. */
const MAX_PLAYS = 3;

async function readJob(
  prometheus: Prometheus,
  targets: ReplayTargets,
  job: Form,
  responses: readonly Response[],
): Promise<string[]> {
  const complaints: string[] = [];
  let left = responses.filter(({ form }) => form === job);
  for (let plays = 1; left.length > 0; plays++) {
    const late: Response[] = [];
    const logStart = prometheus.log.length;
    const played = await targets.play(job, left);
    const ups = await prometheus.query(`up{job="${job}"}[1h]`);
    const upsOfSlot = new Map(ups.map(({ metric, values }) => [Number(metric['slot']), values]));
    const reasons = prometheus.log.slice(logStart).filter((line) => /append failed|scrape failed/i.test(line));
    for (const one of played) {
      const { recorded, slot, requestedMs } = one;
      // Not by counting: the server does not see a scrape that fails before its request.
      const isBefore = ([seconds]: readonly [number, string]): boolean => seconds * 1000 <= requestedMs + CLOCK_STEP_MS;
      const [atSeconds, up] = upsOfSlot.get(slot)?.findLast(isBefore) ?? [0, undefined];
      const own = reasons.filter((line) => line.includes(`/${job}/${slot}`)).slice(0, 3);
      if (up === '1') {
        complaints.push(...(await compareStored(prometheus, one, job, atSeconds)));
      } else if (plays < MAX_PLAYS && own.some((line) => line.includes('context deadline exceeded'))) {
        late.push(recorded as Response);
      } else {
        complaints.push(`${recorded.name} in ${job}: up is ${up}: ${own.join(' ').slice(0, 1000)}`);
      }
    }
    left = late;
  }
  return complaints;
}

async function compareStored(
  prometheus: Prometheus,
  { recorded, slot }: Played,
  job: Form,
  atSeconds: number,
): Promise<string[]> {
  const { name, wanted } = recorded as Response;
  const complaints: string[] = [];
  for (const [id, { required, all }] of wanted) {
    const matcher = `{job="${job}",slot="${slot}",sandbox_id="${id}",__name__!~"kata_sandbox_.*"}`;
    const stored = toStored(await prometheus.query(matcher, atSeconds));
    const wrong = [...required].filter(([key, value]) => stored.get(key) !== value);
    const more = [...stored].filter(([key, value]) => all.get(key) !== value).map(([key]) => key);
    if (wrong.length > 0 || more.length > 0) {
      const [first] = wrong;
      const detail = first === undefined ? more[0] : `${first[0]} is ${stored.get(first[0])}, not ${first[1]}`;
      complaints.push(`${name} in ${job}: ${wrong.length} wrong and ${more.length} more series of ${id}: ${detail}`);
    }
  }
  return complaints;
}

function toStored(samples: readonly PrometheusSample[]): ReadonlyMap<string, string> {
  return new Map(
    samples.map(({ metric, value }) => [
      seriesKey(metric['__name__'] ?? '', Object.entries(metric)),
      String(toNumber(value[1])),
    ]),
  );
}

function toNumber(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function readWithPromtool(responses: readonly Response[]): string[] {
  return responses.flatMap(({ name, body }) => {
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
    // 3 is for remarks about style; 1 would be for what cannot be parsed.
    return status === 0 || status === 3 ? [] : [`promtool: ${name}: ${stderr.slice(0, 1000)}`];
  });
}

function startPython(): Readers {
  const child = spawn(pythonPath, [join(import.meta.dirname, 'strict_openmetrics.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    read: async (responses) => {
      const complaints: string[] = [];
      for (const { name, body } of responses) {
        child.stdin.write(`${body.length}\n`);
        child.stdin.write(body);
        const { value, done } = await lines.next();
        if (done === true) {
          throw new Error('Cannot read with prometheus_client: python3 has ended');
        }
        if (value !== '') {
          complaints.push(`prometheus_client: ${name}: ${value}`);
        }
      }
      return complaints;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
