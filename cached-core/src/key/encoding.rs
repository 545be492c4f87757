//! Percent-encoding of atoms: everything but `[A-Za-z0-9_.~-]`, in upper-case hex.

use super::digest;

const ENCODED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let plain = byte as u8;
        table[byte] =
            !(plain.is_ascii_alphanumeric() || matches!(plain, b'_' | b'.' | b'~' | b'-'));
        byte += 1;
    }
    table
};

/// Whether every byte can stand in an atom as it is.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    let Some(end) = text.last_chunk::<8>() else {
        return !text.iter().copied().any(needs_encoding);
    };
    // Eight at a time, without a branch for each; the last eight may overlap.
    text.as_chunks().0.iter().all(eight_are_plain) && eight_are_plain(end)
}

#[inline]
fn eight_are_plain(text: &[u8; 8]) -> bool {
    let any = |any, &byte| any | needs_encoding(byte);
    !text.iter().fold(false, any)
}

/// Whether a byte cannot stand in an atom as it is.
#[inline]
pub(super) fn needs_encoding(byte: u8) -> bool {
    ENCODED[usize::from(byte)]
}

/// The form of a byte that needs encoding.
pub(super) fn encoded(byte: u8) -> [u8; 3] {
    let [high, low] = digest::hex_of(byte, b"0123456789ABCDEF");
    [b'%', high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_anywhere_makes_a_text_not_plain() {
        for len in 0..30 {
            let mut text = vec![b'a'; len];
            assert!(is_plain(&text), "{len} bytes");
            for at in 0..len {
                text[at] = b' ';
                assert!(!is_plain(&text), "{len} bytes, at {at}");
                text[at] = b'~';
            }
        }
    }
}
