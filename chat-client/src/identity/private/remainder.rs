//! Division of large numbers.

/// The remainder of a division, all numbers as digits to the base 256. It takes longer for
/// some numbers than for others; no other program can ask for it.
pub(super) fn remainder(number: &[u8], divisor: &[u8]) -> Vec<u8> {
    // One digit more, for the moment before the divisor is taken away.
    let divisor = [&[0], divisor].concat();
    let mut rest = vec![0; divisor.len()];
    for bit in number
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
    {
        double(&mut rest, bit);
        if rest >= divisor {
            subtract(&mut rest, &divisor);
        }
    }
    rest
}

/// Twice the number, and one more if `carry` is 1.
fn double(number: &mut [u8], mut carry: u8) {
    for digit in number.iter_mut().rev() {
        let high = *digit >> 7;
        *digit = *digit << 1 | carry;
        carry = high;
    }
}

/// Takes away a number that is not larger, and has as many digits.
fn subtract(number: &mut [u8], other: &[u8]) {
    let mut borrow = false;
    for (digit, other) in number.iter_mut().zip(other).rev() {
        let (less, is_below) = digit.overflowing_sub(*other);
        let (less, is_borrowed) = less.overflowing_sub(borrow.into());
        *digit = less;
        borrow = is_below || is_borrowed;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_remainder(number: u128, divisor in 1u64.., shift in 0u32..128) {
            let number = number >> shift;
            let rest = remainder(&number.to_be_bytes(), &divisor.to_be_bytes());
            let expected = (number % u128::from(divisor)).to_be_bytes();
            prop_assert_eq!(&rest[1..], &expected[8..]);
            prop_assert_eq!(rest[0], 0);
        }
    }
}
