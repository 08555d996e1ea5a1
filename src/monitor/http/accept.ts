/**
 * What a client accepts, from the headers of its request: RFC 9110 sections 12.4.2 and 12.5. Pure; an invalid part of a
 * header is ignored. The exposition formats are negotiated by the exposition module.
 */

/** Limit of the part of a header that is parsed; clients send less than 500 bytes. */
const maxHeaderLength = 4096;

/** Whether a response may be compressed with gzip: named with a q above 0, or covered by `*`. No header means no. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const qualities = readQualities(acceptEncoding);
  return (qualities.get('gzip') ?? qualities.get('x-gzip') ?? qualities.get('*') ?? 0) > 0;
}

/** Whether a page may be HTML: only when it is named, so that curl and Prometheus get text. */
export function acceptsHtml(accept: string | undefined): boolean {
  return (readQualities(accept).get('text/html') ?? 0) > 0;
}

/** Quality by lower-case name; of duplicates the first wins. */
function readQualities(header: string | undefined): Map<string, number> {
  const qualities = new Map<string, number>();
  for (const item of (header ?? '').slice(0, maxHeaderLength).split(',')) {
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
