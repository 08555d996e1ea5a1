/**
 * Messages and services of a runtime: between containerd and its shim, and between the shim and the agent for sandboxes
 * and containers. Generated from the .proto files of this folder by `node scripts/generate-proto.ts`. Separate from
 * `proto`, because programs that only handle metrics should not load these descriptors.
 */
export type {
  CopyFileRequest,
  CreateContainerRequest,
  CreateSandboxRequest,
  ExecProcessRequest as AgentExecProcessRequest,
  Routes,
  Storage,
} from './gen/agent_pb.ts';
export { AgentService as ContainerService } from './gen/agent_pb.ts';
export { BootstrapParamsSchema } from './gen/containerd-bootstrap_pb.ts';
export { type Metrics as CgroupMetrics, MetricsSchema as CgroupMetricsSchema } from './gen/containerd-cgroups_pb.ts';
export {
  TaskCreateSchema,
  TaskDeleteSchema,
  TaskExecAddedSchema,
  TaskExecStartedSchema,
  TaskExitSchema,
  TaskOOMSchema,
  TaskPausedSchema,
  TaskResumedSchema,
  TaskStartSchema,
} from './gen/containerd-events_pb.ts';
export { type Envelope, Events } from './gen/containerd-forward_pb.ts';
export { OptionsSchema as RuntimeOptionsSchema } from './gen/containerd-options_pb.ts';
export { Sandbox as SandboxService } from './gen/containerd-sandbox_pb.ts';
export type {
  CreateTaskRequest,
  ExecProcessRequest,
  RootfsMount,
  StateResponse,
} from './gen/containerd-task_pb.ts';
export { Status as TaskStatus, Task as TaskServiceV2 } from './gen/containerd-task_pb.ts';
export { Task as TaskServiceV3 } from './gen/containerd-task-v3_pb.ts';
export { PodSandboxConfigSchema } from './gen/cri-sandbox_pb.ts';
export type { LinuxResources, Process, Spec } from './gen/oci_pb.ts';
export {
  LinuxNamespaceSchema,
  LinuxPidsSchema,
  LinuxResourcesSchema,
  ProcessSchema,
  SpecSchema,
} from './gen/oci_pb.ts';
export { type ARPNeighbor, type Interface, IPFamily, type Route } from './gen/types_pb.ts';
