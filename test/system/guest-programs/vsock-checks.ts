/** What the program in the guest and the test on the host both have to know. */
export const RPC_CALLS = 1000;
/** A call that takes longer is a late one. */
export const RPC_TIMEOUT_MS = 3000;
export const IDLE_CONNECTIONS = 100;
export const IDLE_MS = 2000;
/** Questions on one connection beside the idle ones. */
export const ECHOES = 200;
