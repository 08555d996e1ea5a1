/**
 * The options of --guest-exporter.
 */
import { isExporterName, parseExporterAddress } from '../guest-exporters/index.ts';
import { OptionError, type OptionTable, type OptionValues } from '../options/index.ts';

export const exporterOptionTable = {
  'guest-exporter': {
    kind: 'list',
    value: 'name=address',
    default: [],
    help: 'Exporter in the guests to export on /metrics/guest: <name>=<port>, <name>=<port>/<path> or <name>=unix:/<path>. With a name alone, the annotation kata-metrics/guest-exporters of a pod gives the address. See docs/guest-exporters.md',
  },
  'guest-exporters-in-metrics': {
    kind: 'flag',
    help: 'Export the exporters of --guest-exporter on /metrics, too. Profiles and --metrics.allow apply to them',
  },
} as const satisfies OptionTable;

/** An exporter that may be read in guests. */
export interface GuestExporter {
  readonly name: string;
  /** Address in the form of `--guest-exporter`; undefined: the annotation of a pod contains it. */
  readonly address: string | undefined;
}

/** Each costs a request to every sandbox. */
const MAX_EXPORTERS = 16;

/** @throws {OptionError} with the option, the allowed values and the value. */
export function toExporters({
  guestExporter,
  guestExportersInMetrics,
}: OptionValues<typeof exporterOptionTable>): readonly GuestExporter[] {
  if (guestExportersInMetrics && guestExporter.length === 0) {
    throw new OptionError('Option "--guest-exporters-in-metrics" requires "--guest-exporter"');
  }
  return readExporters(guestExporter);
}

function readExporters(values: readonly string[]): readonly GuestExporter[] {
  const exporters = values
    .flatMap((value) => value.split(','))
    .map((text) => {
      const equals = text.indexOf('=');
      const name = equals < 0 ? text : text.slice(0, equals);
      const address = equals < 0 ? undefined : text.slice(equals + 1);
      if (!isExporterName(name) || (address !== undefined && parseExporterAddress(address) === undefined)) {
        throw new OptionError(
          `Option "--guest-exporter" must be <name>, <name>=<port>, <name>=<port>/<path> or <name>=unix:/<path>, with a name of lower-case letters, digits, "-" and "_", got "${text}"`,
        );
      }
      return { name, address };
    });
  const names = exporters.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new OptionError(`Option "--guest-exporter" must not give the same name twice, got "${twice}"`);
  }
  if (exporters.length > MAX_EXPORTERS) {
    throw new OptionError(`Option "--guest-exporter" can be given ${MAX_EXPORTERS} times, got ${exporters.length}`);
  }
  return exporters;
}
