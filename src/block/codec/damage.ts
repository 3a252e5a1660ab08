// Why a block cannot be read: its bytes are damaged, or it was removed meanwhile.

/** The bytes of a chunk, or of the file's page under it, are not what was written. */
export class BlockDamagedError extends Error {
  override readonly name = "BlockDamagedError";
}

/** Runs work on a block's bytes, and turns what it throws into a BlockDamagedError. BlockGoneError passes. */
export function orDamaged<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BlockDamagedError || error instanceof BlockGoneError) throw error;
    throw new BlockDamagedError(`block is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The block was merged into another one or expired after it was opened. */
export class BlockGoneError extends Error {
  override readonly name = "BlockGoneError";
}
