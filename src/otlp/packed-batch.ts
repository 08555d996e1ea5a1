/**
 * A batch as it is kept until it is delivered: the compressed body of its request. It is split only if the endpoint
 * rejects it.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { OtlpSettings } from '../settings/otlp.ts';
import type { Batch } from './batches.ts';
import type { RequestEncoder } from './request-encoder.ts';

/** The metrics of one resource in a request. */
interface PackedPart {
  readonly what: string;
  readonly points: number;
  /** Offset in the request before compression. */
  readonly start: number;
  readonly end: number;
}

export interface PackedBatch {
  readonly parts: readonly PackedPart[];
  readonly points: number;
  /** Body of the request. */
  readonly body: Buffer;
}

export interface PackOptions {
  readonly encoder: Pick<RequestEncoder, 'join' | 'joint'>;
  readonly compression: OtlpSettings['compression'];
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);
/** The same level as for /metrics. */
const GZIP_LEVEL = 3;

export async function packBatch({ parts, points }: Batch, { encoder, compression }: PackOptions): Promise<PackedBatch> {
  const { headBytes, separatorBytes } = encoder.joint;
  let at = headBytes;
  const places = parts.map(({ what, points: ofPart, body }) => {
    const start = at;
    at += body.length + separatorBytes;
    return { what, points: ofPart, start, end: start + body.length };
  });
  const plain = encoder.join(parts.map(({ body }) => body));
  return { parts: places, points, body: await toBody(plain, compression) };
}

/** Two requests with half of the resources each. */
export async function splitBatch({ parts, body }: PackedBatch, options: PackOptions): Promise<PackedBatch[]> {
  const { encoder, compression } = options;
  const plain = compression === 'gzip' ? await decompress(body) : body;
  const middle = Math.ceil(parts.length / 2);
  const halves = [parts.slice(0, middle), parts.slice(middle)];
  return Promise.all(
    halves.map((half) => {
      const bodies = half.map(({ what, points, start, end }) => ({ what, points, body: plain.subarray(start, end) }));
      const points = half.reduce((sum, part) => sum + part.points, 0);
      return packBatch({ parts: bodies, points }, { encoder, compression });
    }),
  );
}

function toBody(plain: Buffer, compression: OtlpSettings['compression']): Buffer | Promise<Buffer> {
  return compression === 'gzip' ? compress(plain, { level: GZIP_LEVEL }) : plain;
}
