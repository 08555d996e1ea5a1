/**
 * kata-agent, the program in the guest: its metrics and its services, served over ttrpc.
 */
export { runAgentProgram } from './program.ts';
export { type AgentOptions, type RunningAgent, startAgent } from './start-agent.ts';
