//! Compressed payloads: an lz4 block behind the size of what it expands to, `u32` little endian.

use super::fault::Unreadable;

/// The block, or the bytes themselves if it is no smaller.
#[cfg(feature = "compress")]
pub(super) fn shrink(bytes: Vec<u8>) -> (bool, Vec<u8>) {
    let block = lz4_flex::block::compress_prepend_size(&bytes);
    if block.len() < bytes.len() {
        (true, block)
    } else {
        (false, bytes)
    }
}

/// What a block expands to, `max_bytes` at most.
#[cfg(feature = "compress")]
pub(super) fn expand(payload: &[u8], max_bytes: usize) -> Result<Vec<u8>, Unreadable> {
    let (size, block) = payload.split_first_chunk().ok_or(Unreadable::Truncated)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    if size > max_bytes {
        return Err(Unreadable::TooLarge);
    }
    // A byte of a block gives 255 bytes at most: a claim of more is no reason to allocate them.
    if size > block.len().saturating_mul(255) {
        return Err(Unreadable::because("a compressed block claims too much"));
    }
    let mut bytes = vec![0; size];
    match lz4_flex::block::decompress_into(block, &mut bytes) {
        Ok(written) if written == size => Ok(bytes),
        Ok(_) => Err(Unreadable::because("a compressed block is too short")),
        Err(error) => Err(Unreadable::because(error)),
    }
}

/// This build cannot expand anything.
#[cfg(not(feature = "compress"))]
pub(super) fn expand(_: &[u8], _: usize) -> Result<Vec<u8>, Unreadable> {
    Err(Unreadable::OtherCodec)
}
