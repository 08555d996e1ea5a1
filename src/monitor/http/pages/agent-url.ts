/**
 * `/agent-url?sandbox=`: the address of the agent of a sandbox, from its shim.
 */

import { findSandbox, type Page, textReply } from './page.ts';
import { fetchShimPage } from './shim-page.ts';

/** The longest address is the path of a unix socket. */
const MAX_ADDRESS_BYTES = 4096;

export const agentUrlPage: Page = {
  path: '/agent-url',
  about: "Address of a sandbox's agent",
  needsSandbox: true,
  isAdmin: true,
  handle: async (request, parts) => {
    const sandbox = await findSandbox(request, parts);
    const { signal } = request;
    const timeoutMs = parts.limits.shimTimeoutMs;
    const page = await fetchShimPage(
      sandbox,
      { path: '/agent-url', timeoutMs, maxBytes: MAX_ADDRESS_BYTES, signal },
      parts,
    );
    // Text with a line end, as in the Go monitor: runtime-rs sends no Content-Type, and neither runtime sends a line end.
    return page.status === 200 ? textReply(`${page.body.toString().replace(/\n$/, '')}\n`) : page;
  },
};
