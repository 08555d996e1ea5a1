/**
 * `/agent-url?sandbox=`: where the agent of a sandbox listens, as its shim says.
 */
import { askShim } from './ask-shim.ts';
import { findSandbox, type Page, textReply } from './page.ts';

/** An address is a unix socket's path at the longest. */
const maxAddressBytes = 4096;

export const agentUrlPage: Page = {
  path: '/agent-url',
  about: "Address of a sandbox's agent",
  needsSandbox: true,
  isAdmin: true,
  answer: async (request, parts) => {
    const sandbox = await findSandbox(request, parts);
    const { signal } = request;
    const timeoutMs = parts.bounds.shimTimeoutMs;
    const page = await askShim(sandbox, { path: '/agent-url', timeoutMs, maxBytes: maxAddressBytes, signal }, parts);
    // Text and a line end, as the Go monitor has it: runtime-rs sends no Content-Type, and neither sends a line end.
    return page.status === 200 ? textReply(`${page.body.toString().replace(/\n$/, '')}\n`) : page;
  },
};
