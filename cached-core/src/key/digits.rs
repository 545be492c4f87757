//! Decimal digits without allocation or formatting machinery: integers are the commonest parts.

/// Digits of the largest `u64`.
pub(super) const MAX_DIGITS: usize = 20;

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

const POWERS: [u64; MAX_DIGITS] = {
    let mut powers = [1; MAX_DIGITS];
    let mut exponent = 1;
    while exponent < MAX_DIGITS {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// How many digits a number has.
#[inline]
pub(super) fn count(number: u64) -> usize {
    // Zero has a digit as one has; elsewhere an odd number is as long as the even one below it.
    let number = number | 1;
    let bits = u64::BITS - number.leading_zeros();
    // 1233 / 4096 is just above log10(2), so this is right or one too few.
    let guess = ((bits * 1233) >> 12) as usize;
    guess + usize::from(number >= POWERS[guess])
}

/// Writes the last digits of a number, as many as there is room.
#[inline]
pub(super) fn fill(room: &mut [u8], mut number: u64) {
    let mut pairs = room.rchunks_exact_mut(2);
    for pair in pairs.by_ref() {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (number % 10) as u8;
    }
}
