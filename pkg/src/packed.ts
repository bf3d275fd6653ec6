/**
 * Arguments of the engine as one array of bytes.
 *
 * `src/js/packed.rs` reads it; the two files change together.
 */

/** A number up to 2³² − 1 or a truth, a text or bytes that can be missing, or several of these. */
export type Piece = number | boolean | string | Uint8Array | undefined | readonly Piece[];

const encoder = new TextEncoder();

/** Numbers in four bytes, the lowest first; texts and bytes with their length before them, the greatest if missing. */
export function packed(pieces: readonly Piece[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const piece of (pieces as readonly unknown[]).flat(4) as Exclude<
    Piece,
    readonly Piece[]
  >[]) {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    const number = typeof bytes === "object" ? bytes.length : (bytes ?? -1);
    parts.push(new Uint8Array(Uint32Array.of(Number(number)).buffer));
    if (typeof bytes === "object") {
      parts.push(bytes);
    }
  }
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
