/**
 * The sandboxes of a node: the directories below the roots, as they appear and disappear, and their sockets.
 */

export { isId as isSandboxId } from '../ids/index.ts';
export { findAbsence } from './absence.ts';
export { Discovery, type DiscoveryChange, type DiscoveryOptions, type RootState } from './discovery.ts';
export { defaultSandboxesRoots, type Sandbox, type SandboxRuntime, sandboxIn } from './sandbox.ts';
export { findSocketFault } from './socket-fault.ts';
