/**
 * Selects the exposition format for a client by its Accept header. Source: RFC 9110 section 12.5.1;
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */

export type ExpositionForm = 'openmetrics' | 'protobuf' | 'text';

/** Content-Type of each form, without the escaping of names. */
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

/** Preference of an Accept header for one form. */
interface Preference {
  readonly quality: number;
  /** Number of the range in the header. */
  readonly position: number;
}

/**
 * Text 0.0.4 for every client that accepts it, but one that prefers protobuf: by q, between equals by what stands first.
 * OpenMetrics only for a client that accepts neither: it has no place for counters without `_total`, whose type it would
 * lose. A header that is missing, unreadable, or names nothing that we have, gives text 0.0.4, which every client can read.
 */
export function negotiate(accept: string | undefined): ExpositionForm {
  const ranges = parseAccept(accept ?? '');
  const text0 = preferenceOf(ranges, textSpecificity);
  const text = text0.quality > 0 ? text0 : preferenceOf(ranges, text1Specificity);
  const protobuf = preferenceOf(ranges, (range) => (isProtobuf(range) ? 0 : undefined));
  if (text.quality === 0 && protobuf.quality === 0) {
    return preferenceOf(ranges, (range) => (isOpenMetrics(range) ? 0 : undefined)).quality > 0 ? 'openmetrics' : 'text';
  }
  const isFirst = protobuf.quality === text.quality && protobuf.position < text.position;
  return protobuf.quality > text.quality || isFirst ? 'protobuf' : 'text';
}

const escapings: readonly (string | undefined)[] = ['allow-utf-8', 'underscores', 'dots', 'values'];

/** Text 1.0.0 is text 0.0.4 that may also quote names, so a body without such names is valid in both. */
const TEXT_1_CONTENT_TYPE = 'text/plain; version=1.0.0; charset=utf-8';

/**
 * Content-Type for a client, as client_golang has it: with the escaping that the client requests in a range of the form,
 * otherwise `underscores`. No escaping changes a name, because the checks reject names that would need one. Text is 1.0.0
 * only for a client that does not accept 0.0.4.
 */
export function contentTypeFor(form: ExpositionForm, accept: string | undefined): string {
  const ranges = parseAccept(accept ?? '');
  const isText1Alone =
    form === 'text' &&
    preferenceOf(ranges, textSpecificity).quality === 0 &&
    preferenceOf(ranges, text1Specificity).quality > 0;
  const isOfForm: Readonly<Record<ExpositionForm, (range: MediaRange) => boolean>> = {
    openmetrics: isOpenMetrics,
    protobuf: isProtobuf,
    text: (range) => (isText1Alone ? text1Specificity(range) : textSpecificity(range)) !== undefined,
  };
  const requested = ranges
    .filter(isOfForm[form])
    .map(({ parameters }) => parameters.get('escaping'))
    .find((escaping) => escaping !== undefined && escapings.includes(escaping));
  return `${isText1Alone ? TEXT_1_CONTENT_TYPE : contentTypes[form]}; escaping=${requested ?? 'underscores'}`;
}

/** The most specific range that matches a form determines its preference; of equally specific ranges, the highest q. */
function preferenceOf(
  ranges: readonly MediaRange[],
  specificityOf: (range: MediaRange) => number | undefined,
): Preference {
  let best: Preference = { quality: 0, position: 0 };
  let bestSpecificity = -1;
  for (const [position, range] of ranges.entries()) {
    const { quality } = range;
    const specificity = specificityOf(range) ?? -1;
    if (specificity > bestSpecificity || (specificity === bestSpecificity && quality > best.quality)) {
      best = { quality, position };
      bestSpecificity = specificity;
    }
  }
  return bestSpecificity < 0 ? { quality: 0, position: 0 } : best;
}

/** Wildcards select text only: no client requests another form by them. */
function textSpecificity({ type, parameters }: MediaRange): number | undefined {
  const version = parameters.get('version');
  switch (type) {
    case '*/*':
      return 0;
    case 'text/*':
      return 1;
    case 'text/plain':
      return version === undefined ? 2 : version === '0.0.4' ? 3 : undefined;
    default:
      return undefined;
  }
}

function text1Specificity({ type, parameters }: MediaRange): number | undefined {
  return type === 'text/plain' && parameters.get('version') === '1.0.0' ? 0 : undefined;
}

function isProtobuf({ type, parameters }: MediaRange): boolean {
  const isMetricFamily = parameters.get('proto') === 'io.prometheus.client.MetricFamily';
  return type === 'application/vnd.google.protobuf' && isMetricFamily && parameters.get('encoding') === 'delimited';
}

function isOpenMetrics({ type, parameters }: MediaRange): boolean {
  const version = parameters.get('version');
  return type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0');
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
