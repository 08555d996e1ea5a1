/**
 * Kernel parameters of a container that belong to namespaces which the containers of a pod share. They are set here in
 * the guest's namespaces, because crun sets only those of a container's own namespaces. Source: namespaces(7), sysctl(8).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, TtrpcError } from '../../ttrpc/core.ts';

/** Parameters of the UTS namespace, which each container has separately. */
const OF_CONTAINER: ReadonlySet<string> = new Set(['kernel.domainname', 'kernel.hostname']);
const NAME = /^[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)+$/;

/**
 * Removes from `sysctls` what it has set.
 * @throws {TtrpcError} INVALID_ARGUMENT, for what the kernel does not take.
 */
export function applySysctls(sysctls: Record<string, string>, rootPath = '/proc/sys'): void {
  for (const [name, value] of Object.entries(sysctls)) {
    if (OF_CONTAINER.has(name)) {
      continue;
    }
    if (!NAME.test(name)) {
      throw new TtrpcError(Code.invalidArgument, `Cannot set kernel parameter ${JSON.stringify(name)}: no such name`);
    }
    try {
      writeFileSync(join(rootPath, name.replaceAll('.', '/')), value, { flag: 'r+' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new TtrpcError(Code.invalidArgument, `Cannot set kernel parameter "${name}" to "${value}": ${code}`, {
        cause: error,
      });
    }
    delete sysctls[name];
  }
}
