/**
 * Parses the options of the runtime from the configuration of containerd, as a shim gets them on standard input: alone,
 * or among the parameters of containerd 2.3.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { BootstrapParamsSchema, RuntimeOptionsSchema } from '../runtime-proto/index.ts';
import { isBootstrapParams } from './launcher-messages.ts';

/**
 * The path of the configuration file; undefined when there is none.
 * @throws {Error} for bytes that are no message.
 */
export function readConfigPath(stdin: Buffer): string | undefined {
  const candidates: (Any | undefined)[] = isBootstrapParams(stdin)
    ? fromBinary(BootstrapParamsSchema, stdin).extensions.map(({ value }) => value)
    : [fromBinary(AnySchema, stdin)];
  const options = candidates.find((any) => any?.typeUrl.endsWith(RuntimeOptionsSchema.typeName));
  return options === undefined ? undefined : fromBinary(RuntimeOptionsSchema, options.value).configPath || undefined;
}
