/**
 * Which form of exposition a client gets, by its Accept header.
 * Source: RFC 9110 section 12.5.1; https://prometheus.io/docs/instrumenting/content_negotiation/
 */

export type ExpositionForm = 'openmetrics' | 'protobuf' | 'text';

/** Content-Type of each form. */
export const contentTypes: Readonly<Record<ExpositionForm, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Bytes of a header that are looked at: more than any client sends. */
const MAX_ACCEPT_LENGTH = 4096;

/**
 * The form with the highest q; between equals the one that stands first. A header that is missing, unreadable, or names
 * nothing that we have, gives text 0.0.4, which every client can read.
 */
export function negotiate(accept: string | undefined): ExpositionForm {
  let best: ExpositionForm = 'text';
  let bestQuality = 0;
  for (const range of parseAccept(accept ?? '')) {
    const form = formOf(range);
    if (form !== undefined && range.quality > bestQuality) {
      best = form;
      bestQuality = range.quality;
    }
  }
  return best;
}

function formOf({ type, parameters }: MediaRange): ExpositionForm | undefined {
  const version = parameters.get('version');
  switch (type) {
    case '*/*':
    case 'text/*':
      return 'text';
    case 'text/plain':
      return version === undefined || version === '0.0.4' ? 'text' : undefined;
    case 'application/openmetrics-text':
      return version === undefined || version === '1.0.0' ? 'openmetrics' : undefined;
    case 'application/vnd.google.protobuf': {
      const isMetricFamily = parameters.get('proto') === 'io.prometheus.client.MetricFamily';
      return isMetricFamily && parameters.get('encoding') === 'delimited' ? 'protobuf' : undefined;
    }
    default:
      return undefined;
  }
}

function parseAccept(accept: string): MediaRange[] {
  return accept.slice(0, MAX_ACCEPT_LENGTH).split(',').map(parseMediaRange);
}

function parseMediaRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=', 2);
    parameters.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  return { type: type.toLowerCase(), parameters, quality: parseQuality(parameters.get('q')) };
}

/** A q that is no number from 0 to 1 makes its range unacceptable, not the whole header. */
function parseQuality(q: string | undefined): number {
  if (q === undefined) {
    return 1;
  }
  const quality = /^\d(?:\.\d*)?$/.test(q) ? Number(q) : Number.NaN;
  return quality <= 1 ? quality : 0;
}
