// What is said of a block that cannot be read: its bytes are not what was written, or it was removed meanwhile.

/** A piece, or a page of the file under it, whose bytes are not what was written. */
export class BlockDamagedError extends Error {
  override readonly name = "BlockDamagedError";
}

/** Does work on a block's bytes; any failure of it means that they are damaged. Throws BlockDamagedError. */
export function orDamaged<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BlockDamagedError || error instanceof BlockGoneError) throw error;
    throw new BlockDamagedError(`block is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The block was merged into another one, or has expired, since it was opened. */
export class BlockGoneError extends Error {
  override readonly name = "BlockGoneError";
}
