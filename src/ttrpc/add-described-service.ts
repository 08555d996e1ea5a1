/**
 * Adds a service that protoc-gen-es generated to a server that has others by tables.
 */
import type { DescService } from '@bufbuild/protobuf';
import type { Service } from '../wire/index.ts';
import { toService } from './descriptors.ts';
import type { CoreServer } from './server.ts';
import type { ServiceImplementation } from './service.ts';

export function addDescribedService<S extends DescService>(
  server: CoreServer,
  service: S,
  implementation: ServiceImplementation<S>,
): void {
  server.addService(toService(service), implementation as ServiceImplementation<Service>);
}
