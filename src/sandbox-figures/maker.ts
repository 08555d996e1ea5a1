/**
 * Who made a body: what a family means depends on it. Told from the body alone, for the same node has several.
 */

/**
 * `go-shim`: the Go runtime's shim, which gives `*_proc_status` in bytes. `runtime-rs`: KiB, and no families of a
 * hypervisor process, for hypervisor and shim are one there. `kata-shim`: ours, KiB.
 */
export type Maker = 'go-shim' | 'kata-shim' | 'runtime-rs';

/**
 * By the families that each gives of its own runtime: `kata_shim_nodejs_*` ours alone (which can have `go_*` too, for
 * dashboards that ask for them), `go_info` the Go shim, and neither of them runtime-rs. Undefined where the body has
 * nothing of a shim.
 *
 * The Go shim and runtime-rs pass on whatever a guest calls its families, so a guest can pretend to be of another maker,
 * as it can pretend any of its shim's figures.
 */
export function findMaker(families: Iterable<{ readonly name: string }>): Maker | undefined {
  const names = new Set(Array.from(families, ({ name }) => name));
  if (names.has('kata_shim_nodejs_heap_total_bytes')) {
    return 'kata-shim';
  }
  if (names.has('go_info')) {
    return 'go-shim';
  }
  return names.has('kata_shim_proc_status') || names.has('kata_shim_proc_stat') ? 'runtime-rs' : undefined;
}
