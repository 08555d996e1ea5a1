/**
 * The JSON of deploy/grafana, made of the panels. Written here and not by a library: it is one shape of panel, two dashboards
 * of some hundred lines, and the JSON model of Grafana is stable. The types that @grafana/schema publishes for dashboards and
 * for each kind of panel hold it to its schema.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type Dashboard,
  type DashboardLink,
  GraphDrawStyle,
  LegendDisplayMode,
  PercentChangeColorMode,
  SortOrder,
  TooltipDisplayMode,
  type VariableModel,
  VizOrientation,
} from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { fleetPanels } from './fleet-panels.ts';
import type { Panel, Query } from './panel.ts';
import { sandboxPanels } from './sandbox-panels.ts';

const datasource = { type: 'prometheus', uid: '$datasource' };
const COLUMNS = 24;
/** Of a panel, in Grafana's grid. */
const size = { stat: { w: 6, h: 5 }, table: { w: 12, h: 8 }, timeseries: { w: 12, h: 8 } } as const;

const timeSeriesOptions: TimeSeriesOptions = {
  legend: { displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: true, calcs: [] },
  tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
};
const timeSeriesField: TimeSeriesField = { drawStyle: GraphDrawStyle.Line, fillOpacity: 10 };
const statOptions: StatOptions = {
  colorMode: BigValueColorMode.Value,
  graphMode: BigValueGraphMode.None,
  justifyMode: BigValueJustifyMode.Auto,
  orientation: VizOrientation.Auto,
  percentChangeColorMode: PercentChangeColorMode.Standard,
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  showPercentChange: false,
  textMode: BigValueTextMode.Auto,
  wideLayout: true,
};
const tableOptions: TableOptions = { frameIndex: 0, showHeader: true };
/** The options of each kind of panel. */
const optionsOfKind = { stat: statOptions, table: tableOptions, timeseries: timeSeriesOptions } as const;

type DashboardPanel = NonNullable<Dashboard['panels']>[number];

function variable(name: string, label: string, query: string, isSingle = false): VariableModel {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: !isSingle,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: 'All', value: '$__all' },
  } as VariableModel;
}

const datasourceVariable = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
} as VariableModel;
const nodeVariables = [
  variable('cluster', 'Cluster', 'label_values(kata_monitor_build_info, cluster)'),
  variable('node', 'Node', 'label_values(kata_monitor_build_info{cluster=~"$cluster"}, instance)'),
  variable('namespace', 'Namespace', 'label_values(kata_sandbox_up{instance=~"$node"}, cri_namespace)'),
];
const sandboxVariables = [
  variable(
    'pod',
    'Pod',
    'label_values(kata_sandbox_up{instance=~"$node",cri_namespace=~"$namespace"}, cri_name)',
    true,
  ),
  variable(
    'sandbox',
    'Sandbox',
    'label_values(kata_sandbox_up{instance=~"$node",cri_namespace=~"$namespace",cri_name=~"$pod"}, sandbox_id)',
    true,
  ),
];

function toTarget({ expression, legend }: Query, index: number, { kind }: Panel) {
  const isInstant = kind === 'table';
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource,
    expr: expression,
    legendFormat: legend,
    ...(isInstant ? { instant: true, range: false, format: 'table' } : { range: true }),
  };
}

/** Limits are dashed, thin and not filled. */
function toOverride({ legend }: Query) {
  return {
    matcher: { id: 'byName', options: legend },
    properties: [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
    ],
  };
}

function toPanels(panels: readonly Panel[]): DashboardPanel[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map((panel, index) => {
    const { w, h } = size[panel.kind];
    if (x + w > COLUMNS) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return {
      id: index + 1,
      type: panel.kind,
      title: panel.title,
      description: panel.description,
      datasource,
      gridPos,
      targets: panel.queries.map((query, at) => toTarget(query, at, panel)),
      fieldConfig: {
        defaults: { unit: panel.unit, ...(panel.kind === 'timeseries' && { min: 0, custom: { ...timeSeriesField } }) },
        overrides: panel.queries.filter(({ isLimit }) => isLimit === true).map(toOverride),
      },
      options: { ...optionsOfKind[panel.kind] },
    };
  });
}

function toDashboard(uid: string, title: string, panels: readonly Panel[], variables: VariableModel[]): Dashboard {
  const links: DashboardLink[] = [
    {
      title: 'Kata dashboards',
      type: 'dashboards',
      tags: ['kata-containers'],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      tooltip: '',
      url: '',
    },
  ];
  return {
    uid,
    title,
    tags: ['kata-containers'],
    editable: true,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    links,
    templating: { list: [datasourceVariable, ...variables] },
    annotations: { list: [] },
    panels: toPanels(panels),
  };
}

/** Each dashboard by the name of its file. */
export const dashboards: Readonly<Record<string, Dashboard>> = {
  'kata-fleet.json': toDashboard('kata-fleet', 'Kata fleet', fleetPanels, nodeVariables),
  'kata-sandbox.json': toDashboard('kata-sandbox', 'Kata sandbox', sandboxPanels, [
    ...nodeVariables,
    ...sandboxVariables,
  ]),
};

export function renderDashboard(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
