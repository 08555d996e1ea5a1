/**
 * Reads the node's response for the harness: what it says of one sandbox, and what it would have to say when that one's
 * shim had sent a given body.
 */
import { parseAnswer, type ReferenceAnswer } from '../../support/reference-exposition.ts';

const sandboxLabels = ['sandbox_id', 'cri_uid', 'cri_name', 'cri_namespace'];
const bareShimName = /^(?=go_|process_)/;

/** Values by series, the labels of the sandbox left out. */
export function valuesOf(response: ReferenceAnswer, id: string): ReadonlyMap<string, number> {
  const own = response.series.filter(
    ({ name, labels }) =>
      !name.startsWith('kata_sandbox_') && labels.some(([label, value]) => label === 'sandbox_id' && value === id),
  );
  return toValues(own);
}

/** What the response must hold of a sandbox whose shim sends this. */
export function valuesIn(body: string): ReadonlyMap<string, number> {
  return toValues(
    parseAnswer(body).series.map((each) => ({ ...each, name: each.name.replace(bareShimName, 'kata_shim_') })),
  );
}

/** `kata_sandbox_up` by sandbox. */
export function upOf(response: ReferenceAnswer): Readonly<Record<string, boolean>> {
  const ups = response.series.filter(({ name }) => name === 'kata_sandbox_up');
  return Object.fromEntries(ups.map(({ labels, value }) => [labelOf(labels, 'sandbox_id'), value === 1]));
}

/** Reasons of a sandbox, sorted, from a family that has them as labels. */
export function reasonsOf(response: ReferenceAnswer, id: string, family = 'kata_sandbox_scrape_error'): string[] {
  const own = response.series.filter(({ name, labels }) => name === family && labelOf(labels, 'sandbox_id') === id);
  return own.map(({ labels }) => labelOf(labels, 'reason')).sort();
}

function labelOf(labels: readonly (readonly [string, string])[], name: string): string {
  return labels.find(([label]) => label === name)?.[1] ?? '';
}

function toValues(series: ReferenceAnswer['series']): ReadonlyMap<string, number> {
  return new Map(
    series.map(({ name, labels, value }) => [
      name + JSON.stringify(labels.filter(([label]) => !sandboxLabels.includes(label))),
      value,
    ]),
  );
}
