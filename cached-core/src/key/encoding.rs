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
