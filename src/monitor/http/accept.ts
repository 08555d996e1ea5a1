/**
 * What a client accepts, from the headers of its request: RFC 9110 sections 12.4.2 and 12.5. Pure; an invalid part of a
 * header is ignored. The exposition formats are negotiated by the exposition module.
 */

import { type ContentEncoding, contentEncodings } from '../answer/metrics-responder.ts';

/** Limit of the part of a header that is parsed; clients send less than 500 bytes. */
const MAX_HEADER_LENGTH = 4096;

/**
 * How a response is compressed: by the encoding with the highest q above 0, named (gzip also as x-gzip) or covered by `*`;
 * of several, the one that the monitor prefers. No header means not at all.
 */
export function chooseEncoding(acceptEncoding: string | undefined): ContentEncoding | undefined {
  const qualities = readQualities(acceptEncoding);
  const qualityOf = (name: ContentEncoding): number =>
    qualities.get(name) ?? qualities.get(`x-${name}`) ?? qualities.get('*') ?? 0;
  const [best] = contentEncodings.toSorted((a, b) => qualityOf(b) - qualityOf(a));
  return best !== undefined && qualityOf(best) > 0 ? best : undefined;
}

/** Whether a page may be HTML: only when it is named, so that curl and Prometheus get text. */
export function acceptsHtml(accept: string | undefined): boolean {
  return (readQualities(accept).get('text/html') ?? 0) > 0;
}

/** Quality by lower-case name; of duplicates the first wins. */
function readQualities(header: string | undefined): Map<string, number> {
  const qualities = new Map<string, number>();
  for (const item of (header ?? '').slice(0, MAX_HEADER_LENGTH).split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    if (name !== '' && !qualities.has(name)) {
      qualities.set(name, readQuality(parameters));
    }
  }
  return qualities;
}

/** 1 without a q; 0 for an invalid q, so that nothing is sent that the client may have refused. */
function readQuality(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
  if (weight === undefined) {
    return 1;
  }
  const text = weight.replace(/^q\s*=\s*/, '');
  return /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
