/**
 * The guest program: what a guest is and does, served over ttrpc.
 */
export { runAgentProgram } from './program.ts';
export { type AgentOptions, type RunningAgent, startAgent } from './start-agent.ts';
