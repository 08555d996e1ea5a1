/**
 * /proc/<pid>/fd: the open files of a process. Collectors count them.
 */
import type { Pid, Procfs } from './read.ts';
import { countDescriptors, countEntries } from './read-directory.ts';

/** Limit: what fs.nr_open allows a process unless an administrator has raised it, see proc_sys_fs(5). */
const MAX_ENTRIES = 1024 * 1024;

/**
 * Counts the entries of /proc/<pid>/fd, see proc_pid_fd(5): open file descriptors. For `self`, the one by which the
 * directory is read is among them. Undefined when the process is not there or is another user's; 0 when it has ended and
 * is not waited for.
 */
export function countProcessFds(procfs: Procfs, pid: Pid): number | undefined {
  const path = [String(pid), 'fd'];
  return countDescriptors(procfs, path) ?? countEntries(procfs, path, MAX_ENTRIES);
}
