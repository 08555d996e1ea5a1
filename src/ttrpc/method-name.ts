/**
 * The name of a method in error messages.
 */
import type { Method } from '../wire/index.ts';

/** `package.Service/Method`. */
export function fullMethodName(method: Method): string {
  return `${method.parent.typeName}/${method.name}`;
}
