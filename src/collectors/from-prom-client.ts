/**
 * A program's own counters and histograms, kept by prom-client, as families of the catalog. Called at each scrape by the
 * shim and the monitor. Text and types come from the catalog; a metric that it does not have is a mistake of ours.
 */
import type { MetricValue, MetricValueWithName, Registry } from 'prom-client';
import { catalog, type FamilyName } from '../catalog/index.ts';
import type { Sample, SampleSuffix } from '../exposition/index.ts';
import type { CatalogFamily } from './family.ts';

/**
 * In the order of registration.
 * @throws {TypeError} for a metric whose name or type is not the catalog's.
 */
export async function collectFromPromClient(registry: Registry): Promise<CatalogFamily[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map((metric) => {
    // prom-client gives the type as a word, whatever its own declarations say.
    const givenType: string = metric.type as unknown as string;
    if (!Object.hasOwn(catalog, metric.name)) {
      throw new TypeError(`Metric "${metric.name}" is not in the catalog`);
    }
    const name = metric.name as FamilyName;
    const { type, help } = catalog[name];
    if (givenType !== type) {
      throw new TypeError(`Metric "${name}" is a ${givenType}, in the catalog it is a ${type}`);
    }
    return { name, type, help, samples: metric.values.map((value) => toSample(name, value)) };
  });
}

type AnyValue = MetricValue<string> | MetricValueWithName<string>;

function toSample(name: FamilyName, value: AnyValue): Sample {
  const { le, quantile, ...labels } = value.labels;
  const suffix = 'metricName' in value && value.metricName ? value.metricName.slice(name.length) : '';
  return {
    ...(suffix !== '' && { suffix: suffix as SampleSuffix }),
    labels: toStrings({ ...labels, ...(le !== undefined && { le }), ...(quantile !== undefined && { quantile }) }),
    value: value.value,
  };
}

function toStrings(labels: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
