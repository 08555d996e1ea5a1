/**
 * The runtime that wrote a body, which determines the units of its families. Detected from the body alone, because a node
 * can have several runtimes.
 */

/**
 * `go-shim`: the shim of the Go runtime, `*_proc_status` in bytes. `runtime-rs`: in KiB; without families of a hypervisor
 * process when hypervisor and shim are one process. `kata-shim`: ours, in KiB.
 */
export type Runtime = 'go-shim' | 'kata-shim' | 'runtime-rs';

/** Families that only our shim exports. */
const ourMarks = ['kata_shim_agent_up', 'kata_shim_nodejs_heap_total_bytes', 'kata_shim_nodejs_version_info'];
/** Families that every Go program exports; ours has them too, for dashboards that query them. */
const goMarks = ['go_goroutines', 'go_info', 'go_threads'];
const rustMarks = ['kata_shim_proc_stat', 'kata_shim_proc_status'];

/** The families that `findRuntime` looks for. */
export const runtimeMarks: readonly string[] = [...ourMarks, ...goMarks, ...rustMarks];

/**
 * Detects the runtime by the families of its shim's process: those of ours, otherwise those of Go, otherwise runtime-rs.
 * Undefined when the body has no family of a shim.
 *
 * The Go shim and runtime-rs pass on families of the guest under any name, so a guest can imitate another runtime, as it
 * can forge any metric of its shim.
 */
export function findRuntime(families: Iterable<{ readonly name: string }>): Runtime | undefined {
  const names = new Set(Array.from(families, ({ name }) => name));
  const hasOneOf = (marks: readonly string[]): boolean => marks.some((mark) => names.has(mark));
  if (hasOneOf(ourMarks)) {
    return 'kata-shim';
  }
  if (hasOneOf(goMarks)) {
    return 'go-shim';
  }
  return hasOneOf(rustMarks) ? 'runtime-rs' : undefined;
}
