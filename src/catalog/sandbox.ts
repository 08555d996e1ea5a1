/**
 * What the monitor knows of a sandbox by having asked for it. Only here do the labels of the sandbox stand in the catalog:
 * on all other families the monitor adds them.
 */
import type { FamilyDefinition } from './definition.ts';

export const sandboxFamilies = {
  kata_sandbox_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether the shim of the sandbox answered this scrape in full.',
    labels: { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [] },
    value: '1 or 0',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_error: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Why the figures of the sandbox are missing or not whole.',
    labels: { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [], reason: [] },
    value: '1 under the reason; absent when nothing was wrong',
    source: 'this scrape',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
