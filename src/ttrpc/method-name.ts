/**
 * How a method is called in error texts.
 */
import type { DescMethod } from '@bufbuild/protobuf';

/** `package.Service/Method`. */
export function fullMethodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
