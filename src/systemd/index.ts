/**
 * What systemd hands to a service and hears from it: sockets that listen already, and notices. Knows no server.
 */

export { type HandedOverSocket, takeHandedOverSockets } from './handed-over-sockets.ts';
export { openServiceManager, ServiceManager } from './service-manager.ts';
