/**
 * /proc/<pid>/fd. See proc_pid_fd(5).
 */
import { countEntries, type Pid, type Procfs } from './procfs.ts';

/** Open file descriptors. */
export async function countProcessFds(fs: Procfs, pid: Pid): Promise<number | undefined> {
  return countEntries(fs, `${pid}/fd`);
}
