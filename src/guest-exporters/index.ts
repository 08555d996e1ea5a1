/**
 * Exporters in a guest: their names, addresses and limits. Used by the agent that reads them, the shim that checks them,
 * and the monitor that configures them.
 */
export {
  type ExporterTarget,
  formatExporterPath,
  isExporterName,
  parseExporterAddress,
  parseExporterPath,
} from './address.ts';
export { exporterLimits } from './limits.ts';
