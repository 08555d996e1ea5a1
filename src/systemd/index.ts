/**
 * What systemd passes to a service and receives from it: sockets that listen already, and notifications.
 */

export { type HandedOverSocket, takeHandedOverSockets } from './handed-over-sockets.ts';
export { openServiceManager, ServiceManager } from './service-manager.ts';
