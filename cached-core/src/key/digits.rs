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

/// Numbers below this have [`short`] digits.
pub(super) const SHORT: u64 = 100_000_000;

/// The digits of a number below [`SHORT`], zeros behind them, and how many there are.
///
/// Without a loop or a branch: all lanes of a word are split in two at once, into halves of four
/// digits, then of two, then of one, the higher half in the lower bytes.
#[inline]
pub(super) fn short(number: u64) -> ([u8; 8], usize) {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    // 10486 / 2^20 and 103 / 2^10 are close enough to 1/100 and 1/10 for numbers this small.
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds + ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0xf_000f_000f_000f;
    let ones = tens + ((twos - tens * 10) << 8);
    // Zeros in front, in bits; the last digit stays.
    let zeros = (ones | (1 << 56)).trailing_zeros() & !7;
    let text = (ones | u64::from_ne_bytes([b'0'; 8])) >> zeros;
    (text.to_le_bytes(), 8 - zeros as usize / 8)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: u64) {
        let (text, digits) = short(number);
        assert_eq!(&text[..digits], number.to_string().as_bytes());
        assert!(text[digits..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn short_numbers_print_as_display_does() {
        // Each lane of the word sees each of its values.
        for lane in 0..10_000 {
            check(lane);
            check(lane * 10_000);
            check(lane * 10_000 + 9_999 - lane);
        }
        check(SHORT - 1);
    }
}
