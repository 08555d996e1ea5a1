/**
 * Exporters in a guest: how they are named and addressed, and what one of them may send. Used by the agent that reads them, the
 * shim that checks them, and the monitor that configures them.
 */
export {
  type ExporterTarget,
  formatExporterPath,
  isExporterName,
  parseExporterAddress,
  parseExporterPath,
} from './address.ts';
export { exporterLimits } from './limits.ts';
