/**
 * /proc/<pid>/fd.
 */
import { type Pid, type Procfs, readNames } from './read.ts';

/**
 * Counts the entries of /proc/<pid>/fd, see proc_pid_fd(5): open file descriptors. For `self`, the one by which the
 * directory is read is among them.
 * @throws {ProcfsError} `unreadable` for a process of another user
 */
export async function countProcessFds(procfs: Procfs, pid: Pid): Promise<number | undefined> {
  return (await readNames(procfs, String(pid), 'fd'))?.length;
}
