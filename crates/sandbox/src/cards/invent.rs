//! Invented people by count: names, ID numbers with a right check digit, the Luhn digit of a card.
//! Everything is a pure function of the count, so the catalogue never changes by itself.

const SURNAMES: [&str; 10] = ["张", "李", "王", "赵", "陈", "刘", "杨", "黄", "周", "吴"];
const MIDDLES: [&str; 10] = ["文", "晓", "志", "雅", "子", "嘉", "思", "明", "春", "海"];
const LASTS: [&str; 10] = ["华", "敏", "强", "静", "涵", "轩", "雨", "亮", "兰", "波"];

/// An invented name of three characters.
pub(super) fn name(n: u32) -> String {
    let pick = |list: [&'static str; 10], place: u32| {
        usize::try_from(place % 10).ok().and_then(|at| list.get(at).copied()).unwrap_or_default()
    };
    format!("{}{}{}", pick(SURNAMES, n), pick(MIDDLES, n / 10), pick(LASTS, n / 100))
}

/// An invented ID number: one region, a date of birth between 1970 and 1999, a sequence.
pub(super) fn id_number(n: u32) -> String {
    let (year, month, day) = (1970 + n % 30, 1 + n / 30 % 12, 1 + n / 360 % 28);
    let sequence = n / 10_080 % 1_000;
    let head = format!("110101{year:04}{month:02}{day:02}{sequence:03}");
    let digit = id_check_digit(&head);
    format!("{head}{digit}")
}

/// The digits with their Luhn digit behind.
pub(super) fn with_luhn(head: &str) -> String {
    let sum: u32 = head
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match (place % 2 == 0, digit * 2) {
                (true, doubled) if doubled > 9 => doubled - 9,
                (true, doubled) => doubled,
                (false, _) => digit,
            }
        })
        .sum();
    format!("{head}{}", (10 - sum % 10) % 10)
}

/// ISO 7064 MOD 11-2 over the first seventeen digits.
fn id_check_digit(head: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = head
        .bytes()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    usize::try_from(sum % 11).ok().and_then(|at| DIGITS.get(at).copied()).unwrap_or('X')
}

#[cfg(test)]
pub(super) fn check_digit_holds(id_number: &str) -> bool {
    id_number.len() == 18 && id_number.ends_with(id_check_digit(id_number.get(..17).unwrap()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_check_digits() {
        // The two published samples of the foreigner's card of 2023.
        assert!(check_digit_holds("932682198501010017"));
        assert!(check_digit_holds("911124198108030024"));
        assert_eq!(with_luhn("621626100000000001"), "6216261000000000018");
    }
}
