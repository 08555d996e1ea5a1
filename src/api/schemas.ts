/**
 * The objects of the API under /api/v1. The TypeScript types, docs/openapi.json and /api/v1/openapi.json are generated
 * from this table. An unknown value is null.
 */
import { eventKinds } from './event-kinds.ts';
import { lifecycleStates, sandboxStates } from './sandbox-state.ts';
import type { JsonSchema } from './schema.ts';

const text = (description: string) => ({ type: 'string', description }) as const;
const number = (description: string) => ({ type: 'number', description }) as const;
const integer = (description: string) => ({ type: 'integer', description }) as const;
const maybeText = (description: string) => ({ type: ['string', 'null'], description }) as const;
const maybeNumber = (description: string) => ({ type: ['number', 'null'], description }) as const;
const ref = <N extends string>(name: N) =>
  ({ $ref: `#/components/schemas/${name}` as `#/components/schemas/${N}` }) as const;

export const schemas = {
  SandboxState: {
    enum: sandboxStates,
    description:
      'running: the shim returned metrics of the guest. booting: the shim responds, the guest not yet. starting: the shim does not respond yet, and the sandbox is young. paused: the shim reports that the virtual machine is paused. guest-unresponsive: the shim responds without metrics of the guest, because the guest has crashed, or is paused and the shim does not report that. unresponsive: the shim does not respond in time. broken: the response of the shim is not usable. stale: no process listens on the socket of the shim.',
  },
  Node: {
    type: 'object',
    description: 'The monitor, and the collection that the other values of the response come from.',
    properties: {
      hostname: text('Name of the node.'),
      nodes: {
        type: ['integer', 'null'],
        description:
          'Number of nodes whose sandboxes are in the response, if they come from a Prometheus (kata-metrics page and top, --prometheus). The other values are then those of the program that queries it. null from a monitor.',
      },
      unreachableNodes: {
        type: 'array',
        description: 'Nodes whose monitor Prometheus cannot scrape, in a response about several nodes.',
        items: { type: 'string' },
      },
      version: text('Version of the monitor.'),
      nodejs: text('Version of Node.js that the monitor runs on.'),
      startSeconds: number('When the monitor was started, in seconds since 1970.'),
      nowSeconds: number('When the collection ended, in seconds since 1970, by the clock of the node.'),
      sandboxes: integer('Number of sandboxes.'),
      sandboxesByState: {
        type: 'object',
        description: 'Number of sandboxes in each state.',
        properties: Object.fromEntries(sandboxStates.map((state) => [state, { type: 'integer' }])) as {
          readonly [S in (typeof sandboxStates)[number]]: { readonly type: 'integer' };
        },
      },
      sandboxesOverLimit: integer('Number of sandboxes over --max-sandboxes, which are not scraped.'),
      unreadableRoots: {
        type: 'array',
        description: 'Directories of sandboxes that the monitor cannot read, each with the error code of the system.',
        items: { type: 'string' },
      },
      containerManager: ref('ContainerManager'),
      lastEventId: maybeText(
        'Id of the last event that the monitor has: another one than before means that there are new events under /events. null without events.',
      ),
      collection: ref('Collection'),
      process: ref('MonitorProcess'),
    },
  },
  ContainerManager: {
    type: 'object',
    description: 'The container manager of the node, such as containerd.',
    properties: {
      isUp: { type: 'boolean', description: 'Whether it responds.' },
      name: maybeText('Its name.'),
      version: maybeText('Its version.'),
      problem: maybeText('Why it does not respond.'),
    },
  },
  Collection: {
    type: 'object',
    description: 'One round of requests to the shims of all sandboxes.',
    properties: {
      seconds: number('How long it took.'),
      samples: integer('Number of samples that the sandboxes returned.'),
      problems: integer('Number of sandboxes whose metrics are missing or incomplete.'),
    },
  },
  MonitorProcess: {
    type: 'object',
    description: 'The process of the monitor.',
    properties: {
      cpuSecondsTotal: number('CPU time since its start.'),
      memoryBytes: number('Resident memory.'),
    },
  },
  Sandbox: {
    type: 'object',
    description:
      'One sandbox, as a collection found it. Totals are counters: a rate is the difference of two responses.',
    properties: {
      id: text('Id of the sandbox.'),
      namespace: maybeText('Namespace of the pod, if the container manager knows it.'),
      pod: maybeText('Name of the pod.'),
      uid: maybeText('UID of the pod.'),
      node: maybeText(
        'Node of the sandbox in a response about several nodes: the label node, otherwise the label instance. null from a monitor.',
      ),
      root: maybeText('Directory in which the sandbox was found. null in a response about several nodes.'),
      runtime: maybeText('Runtime that uses this directory: go or runtime-rs.'),
      startSeconds: maybeNumber(
        'When the sandbox was created, from the container manager, otherwise from the start of its shim, otherwise from the first time that the monitor saw it. In seconds since 1970.',
      ),
      state: ref('SandboxState'),
      isHealthy: {
        type: 'boolean',
        description: 'Whether the state is running, booting or starting, and no metrics are missing.',
      },
      stateSinceSeconds: maybeNumber(
        'When the state and its reasons were first found, in seconds since 1970: at the last complete response for a shim that does not respond any more, otherwise by the first collection that found them. In a response about several nodes, that of kata_sandbox_state_start_time_seconds.',
      ),
      restarts: {
        type: ['integer', 'null'],
        description: 'How often the guest or the shim was restarted under this id since the monitor found it.',
      },
      reasons: {
        type: 'array',
        description:
          'Why metrics are missing or incomplete: the values of the label reason of kata_sandbox_scrape_error. Empty if none are missing.',
        items: { type: 'string' },
      },
      message: maybeText('What happened, as the log of the monitor reports it.'),
      samples: integer('Number of samples that the sandbox returned.'),
      droppedSamples: integer('Number of samples that were dropped.'),
      readSeconds: maybeNumber(
        'When the shim responded, in seconds since 1970 by the clock of the node. Rates are measured from it: a collection may end seconds later.',
      ),
      scrapeSeconds: maybeNumber('Duration of the request to the shim.'),
      lastSuccessAgeSeconds: maybeNumber('Time since the last complete response of the shim.'),
      cpu: ref('Cpu'),
      memory: ref('Memory'),
      host: ref('HostCost'),
      network: ref('Network'),
      disk: ref('Disk'),
      load1: maybeNumber('Load average of the guest over 1 minute.'),
      tasks: maybeNumber('Number of tasks in the guest.'),
      uptimeSeconds: maybeNumber('Time since the guest was started.'),
      agent: ref('AgentCalls'),
      rates: {
        description:
          'Rates over the last minutes, in a response about several nodes. null from a monitor: there, a rate is the difference of two responses.',
        oneOf: [ref('Rates'), { type: 'null' }],
      },
    },
  },
  Cpu: {
    type: 'object',
    description: 'CPUs of the guest.',
    properties: {
      usageSecondsTotal: maybeNumber('CPU time except idle and iowait.'),
      cores: maybeNumber('Number of online CPUs.'),
    },
  },
  Memory: {
    type: 'object',
    description: 'Memory of the guest.',
    properties: {
      totalBytes: maybeNumber('Memory that the kernel of the guest manages.'),
      availableBytes: maybeNumber('Memory that can be used without swapping.'),
      workingSetBytes: maybeNumber('Total minus available.'),
      oomKillsTotal: maybeNumber('Processes that the kernel of the guest killed because memory was short.'),
    },
  },
  HostCost: {
    type: 'object',
    description: 'What the sandbox costs the host.',
    properties: {
      memoryBytes: maybeNumber('Resident memory of the processes of the sandbox on the host.'),
      cpuSecondsTotal: maybeNumber('CPU time of these processes.'),
      overheadMemoryBytes: maybeNumber('Host memory beyond the memory of the containers.'),
    },
  },
  Network: {
    type: 'object',
    description: 'All network interfaces of the guest except loopback.',
    properties: {
      receiveBytesTotal: maybeNumber('Bytes received.'),
      transmitBytesTotal: maybeNumber('Bytes sent.'),
    },
  },
  Disk: {
    type: 'object',
    description: 'All disks of the guest.',
    properties: {
      readBytesTotal: maybeNumber('Bytes read.'),
      writtenBytesTotal: maybeNumber('Bytes written.'),
    },
  },
  AgentCalls: {
    type: 'object',
    description: 'Calls of the shim to GetMetrics of its agent.',
    properties: {
      millisecondsTotal: maybeNumber('Duration of all calls.'),
      callsTotal: maybeNumber('Number of calls.'),
    },
  },
  Rates: {
    type: 'object',
    description: 'Rates of a sandbox, which Prometheus has computed.',
    properties: {
      cpuCores: maybeNumber('CPUs of the guest in use.'),
      hostCpuCores: maybeNumber('CPUs of the host that the processes of the sandbox use.'),
      receiveBytes: maybeNumber('Bytes received per second.'),
      transmitBytes: maybeNumber('Bytes sent per second.'),
      readBytes: maybeNumber('Bytes read per second.'),
      writtenBytes: maybeNumber('Bytes written per second.'),
      agentMilliseconds: maybeNumber('Mean duration of a call to the agent.'),
    },
  },
  Snapshot: {
    type: 'object',
    description: 'All sandboxes of the node, sorted by id, from one collection.',
    properties: { node: ref('Node'), sandboxes: { type: 'array', items: ref('Sandbox') } },
  },
  SandboxDetail: {
    type: 'object',
    description: 'One sandbox with its containers and all of its metrics.',
    properties: {
      sandbox: ref('Sandbox'),
      containers: { type: 'array', items: ref('Container') },
      families: { type: 'array', items: ref('Family') },
    },
  },
  Container: {
    type: 'object',
    description: 'A running container, as the container manager reports it.',
    properties: {
      id: text('Id of the container.'),
      name: text('Name in the specification of the pod.'),
      image: text('Image; empty if it is not known.'),
      cpuSecondsTotal: maybeNumber('CPU time.'),
      memoryBytes: maybeNumber('Memory in use.'),
    },
  },
  Family: {
    type: 'object',
    description: 'All samples with one metric name, named as in /metrics.',
    properties: {
      name: text('Name of the metric.'),
      type: text('counter, gauge, histogram, summary or unknown.'),
      unit: maybeText('Base unit, if the catalog has it.'),
      help: maybeText('What it measures.'),
      samples: { type: 'array', items: ref('Sample') },
    },
  },
  Sample: {
    type: 'object',
    description: 'One sample.',
    properties: {
      name: text('Name, with the suffix of a histogram or summary.'),
      labels: {
        type: 'object',
        description: 'Labels of the sandbox itself.',
        additionalProperties: { type: 'string' },
      },
      value: text('The value as text: JSON numbers cannot represent 64-bit counters, NaN and infinities.'),
    },
  },
  EventKind: {
    enum: eventKinds,
    description:
      'appeared: the directory of the sandbox was found. named: the container manager reported its pod. ready: the guest responded for the first time. paused, resumed: the virtual machine was paused, or runs again. unresponsive: the guest or the shim does not respond, or its response is not usable. healthy: it responds again. restarted: the guest or the shim was restarted, and its counters with it. oom_kill: the kernel of the guest killed processes because memory ran out. panic: the kernel of the guest panicked. ended: the shim or the directory of the sandbox is gone. gap: the monitor does not have events that the client missed.',
  },
  LifecycleState: {
    enum: lifecycleStates,
    description:
      'created: the shim does not respond yet. booting: the shim responds, the guest not yet. running: the guest responds. paused: the virtual machine is paused. unresponsive: the guest or the shim does not respond, or its response is not usable. ended: no shim listens any more, or the directory is gone.',
  },
  SandboxEvent: {
    type: 'object',
    description: 'Something that happened to a sandbox, or a gap in the events.',
    properties: {
      id: text(
        'Position of the event: a random number of the process of the monitor, and a number that is larger by 1 for each event. To be sent back as Last-Event-ID.',
      ),
      kind: ref('EventKind'),
      timeSeconds: number(
        'When it happened, in seconds since 1970 by the clock of the node: as the shim reports it if it does, otherwise when the monitor found it.',
      ),
      sandbox: maybeText('Id of the sandbox; null for a gap.'),
      namespace: maybeText('Namespace of the pod, if it was known.'),
      pod: maybeText('Name of the pod.'),
      uid: maybeText('UID of the pod.'),
      root: maybeText('Directory in which the sandbox was found.'),
      state: { oneOf: [ref('LifecycleState'), { type: 'null' }], description: 'State after the event.' },
      reason: maybeText(
        'Why, as one word: a value of the label reason of kata_sandbox_scrape_error for unresponsive; guest or shim for restarted; why the sandbox ended, as the label reason of kata_sandbox_final_lifetime_seconds, or a reason of kata_sandbox_scrape_error, or removed if no more is known; restart or overflow for a gap.',
      ),
      message: maybeText('What happened, for people.'),
      count: {
        type: ['integer', 'null'],
        description: 'OOM kills or panics since the previous scrape; number of missed events of a gap, if it is known.',
      },
      restarts: integer('How often the guest or the shim was restarted under this id since the monitor found it.'),
      suppressed: integer(
        'Number of earlier events of this sandbox that are not in the stream, because it had too many in a short time.',
      ),
      totals: { oneOf: [ref('SandboxTotals'), { type: 'null' }], description: 'Final values, for ended.' },
    },
  },
  SandboxTotals: {
    type: 'object',
    description: 'The values of a sandbox at its end.',
    properties: {
      lifetimeSeconds: maybeNumber('Time from its creation to its end.'),
      cpuSeconds: maybeNumber('CPU time of the guest; of the workload, if there is no virtual machine.'),
      hostCpuSeconds: maybeNumber('CPU time of its processes on the host.'),
      memoryPeakBytes: maybeNumber('Largest memory use in the guest.'),
      hostMemoryPeakBytes: maybeNumber('Largest memory use on the host.'),
      networkReceiveBytes: maybeNumber('Bytes received.'),
      networkTransmitBytes: maybeNumber('Bytes sent.'),
      diskReadBytes: maybeNumber('Bytes read.'),
      diskWrittenBytes: maybeNumber('Bytes written.'),
    },
  },
  EventList: {
    type: 'object',
    description: 'The events that the monitor has, after a gap if it does not have earlier ones any more.',
    properties: {
      events: { type: 'array', items: ref('SandboxEvent') },
      lastEventId: text('Id of the last event, to continue from with Last-Event-ID.'),
    },
  },
  CloudEvent: {
    type: 'object',
    description: 'A SandboxEvent as a CloudEvent 1.0 in structured mode.',
    properties: {
      specversion: text('1.0'),
      id: text('As in the SandboxEvent.'),
      source: text('/kata-monitor/ and the name of the node.'),
      type: text('io.katacontainers.sandbox. and the kind.'),
      subject: text('Id of the sandbox; name of the node for a gap.'),
      time: text('RFC 3339.'),
      datacontenttype: text('application/json'),
      data: ref('SandboxEvent'),
    },
  },
  Problem: {
    type: 'object',
    description: 'Why a request failed (RFC 9457).',
    properties: {
      title: text('Name of the status.'),
      status: integer('Status of the response.'),
      detail: text('What happened, for people.'),
    },
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;
