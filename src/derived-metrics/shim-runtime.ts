/**
 * Who made a body: what a family means depends on it. Told from the body alone, for the same node has several.
 */

/**
 * `go-shim`: the Go runtime's shim, which gives `*_proc_status` in bytes. `runtime-rs`: KiB, and no families of a
 * hypervisor process, for hypervisor and shim are one there. `kata-shim`: ours, KiB.
 */
export type Maker = 'go-shim' | 'kata-shim' | 'runtime-rs';

/** Families that only our shim has. */
const ourMarks = ['kata_shim_agent_up', 'kata_shim_nodejs_heap_total_bytes', 'kata_shim_nodejs_version_info'];
/** What every Go program says of itself; ours has them too, for dashboards that ask for them. */
const goMarks = ['go_goroutines', 'go_info', 'go_threads'];
const rustMarks = ['kata_shim_proc_stat', 'kata_shim_proc_status'];

/** The families that `findMaker` looks for. */
export const makerMarks: readonly string[] = [...ourMarks, ...goMarks, ...rustMarks];

/**
 * By the families that each gives of its own runtime: those of ours, else those of Go, and runtime-rs where there are
 * neither. Undefined where the body has nothing of a shim.
 *
 * The Go shim and runtime-rs pass on whatever a guest calls its families, so a guest can pretend to be of another maker,
 * as it can pretend any of its shim's figures.
 */
export function findMaker(families: Iterable<{ readonly name: string }>): Maker | undefined {
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
