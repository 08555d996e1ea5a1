/**
 * Builds an OpenTelemetry collector with its own builder: a receiver for OTLP, and an exporter that passes on what it has
 * received, as OTLP too.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';

const run = promisify(execFile);
/** Of the components, which are released together. The stable ones have another number. */
const VERSION = 'v0.165.0';
const STABLE_VERSION = 'v1.71.0';

export interface BuildCollectorOptions {
  /** Of the program. */
  readonly path: string;
  /** What `go install` takes for the builder. */
  readonly source: string;
  readonly timeoutMs: number;
}

export async function buildCollector(go: string, { path, source, timeoutMs }: BuildCollectorOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'otelcol-'));
  try {
    const manifest = {
      dist: { name: 'otelcol', module: 'kata-metrics.test/otelcol', output_path: join(folder, 'out'), go },
      receivers: [{ gomod: `go.opentelemetry.io/collector/receiver/otlpreceiver ${VERSION}` }],
      exporters: [{ gomod: `go.opentelemetry.io/collector/exporter/otlphttpexporter ${VERSION}` }],
      // The scheme env is the default one.
      providers: ['env', 'file'].map((scheme) => ({
        gomod: `go.opentelemetry.io/collector/confmap/provider/${scheme}provider ${STABLE_VERSION}`,
      })),
    };
    await writeFile(join(folder, 'manifest.yaml'), stringify(manifest));
    const PATH = `${dirname(go)}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH, GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
    await run(go, ['install', source], { env, timeout: timeoutMs });
    const maxBuffer = 64 * 1024 * 1024;
    await run(join(folder, 'builder'), ['--config', join(folder, 'manifest.yaml')], {
      env,
      maxBuffer,
      timeout: timeoutMs,
    });
    await mkdir(dirname(path), { recursive: true });
    await copyFile(join(folder, 'out/otelcol'), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
