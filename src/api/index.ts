/**
 * The API under /api/v1 for the page, for `kata-metrics top` and for other programs: its types, and the OpenAPI document.
 */
import type { TypeOf } from './schema.ts';
import type { schemas } from './schemas.ts';

export { toCloudEvent } from './cloud-event.ts';
export { type EventKind, eventKinds, needsPolling } from './event-kinds.ts';
export { openApiDocument } from './open-api.ts';
export { readAs, SchemaError } from './read-as.ts';
export {
  isHealthy,
  type LifecycleState,
  lifecycleOf,
  lifecycleStates,
  sandboxStates,
  stateOfShim,
} from './sandbox-state.ts';
export { schemas } from './schemas.ts';

type Schemas = typeof schemas;

export type SandboxState = TypeOf<Schemas['SandboxState'], Schemas>;
export type NodeStatus = TypeOf<Schemas['Node'], Schemas>;
export type SandboxStatus = TypeOf<Schemas['Sandbox'], Schemas>;
export type Snapshot = TypeOf<Schemas['Snapshot'], Schemas>;
export type SandboxDetail = TypeOf<Schemas['SandboxDetail'], Schemas>;
export type ContainerStatus = TypeOf<Schemas['Container'], Schemas>;
export type FamilyStatus = TypeOf<Schemas['Family'], Schemas>;
export type SampleStatus = TypeOf<Schemas['Sample'], Schemas>;
export type SandboxEvent = TypeOf<Schemas['SandboxEvent'], Schemas>;
export type SandboxTotals = TypeOf<Schemas['SandboxTotals'], Schemas>;
export type EventList = TypeOf<Schemas['EventList'], Schemas>;
export type CloudEvent = TypeOf<Schemas['CloudEvent'], Schemas>;
export type Problem = TypeOf<Schemas['Problem'], Schemas>;
