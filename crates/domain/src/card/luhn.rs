//! The Luhn check: the last digit of most card numbers is computed from the others.

/// Whether the last digit fits the others. Anything but ASCII digits does not fit.
#[must_use]
pub fn luhn_fits(digits: &str) -> bool {
    remainder(digits.as_bytes()) == Some(0)
}

/// The weighted sum of all digits, modulo ten; `None` when something is no digit.
pub(super) fn remainder(digits: &[u8]) -> Option<u8> {
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        sum += u32::from(contribution(value, place % 2 == 1));
    }
    u8::try_from(sum % 10).ok()
}

/// What one digit adds to the sum; every second digit from the right is doubled.
pub(super) const fn contribution(value: u8, doubled: bool) -> u8 {
    match (doubled, value) {
        (false, value) => value,
        (true, 0..=4) => value * 2,
        (true, _) => value * 2 - 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(!luhn_fits("6221558812340000"));
        assert!(!luhn_fits("4111111111111112"));
        assert!(!luhn_fits("41111111x1111111"));
        assert!(luhn_fits("4111111111111111"));
        assert!(luhn_fits("79927398713"));
    }
}
