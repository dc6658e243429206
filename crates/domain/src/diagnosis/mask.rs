//! Takes out of a bank's own words what could be a number of a person, and whatever of a person
//! the caller knows. Bank codes in brackets and five-digit hotlines stay, because they help and
//! identify nobody.

/// The longest message that is kept, in characters.
const KEPT_MAX: usize = 200;
/// How much of a longer message is looked at at all, in characters.
const READ_MAX: usize = 1_000;
/// A run of this many digits could be a one-time code, a card's last four, or more.
const DIGITS_MIN: usize = 4;
/// With separators inside ("138-00..."), a run of this many digits could be a phone or a card.
const SEPARATED_DIGITS_MIN: usize = 7;
/// The longest code that stays when it stands alone in brackets; UnionPay's long codes have seven.
const BRACKETED_MAX: usize = 7;

/// Masks every run of digits that could belong to a person, drops control and invisible
/// characters, and cuts the rest at 200 characters.
#[must_use]
pub fn mask_digits(message: &str) -> String {
    let text: Vec<char> = message.chars().take(READ_MAX).filter_map(visible).collect();
    let mut masked = String::with_capacity(message.len().min(KEPT_MAX * 4));
    let mut rest = text.as_slice();
    let mut before = None;
    while let Some((&first, after)) = rest.split_first() {
        if !first.is_ascii_digit() {
            masked.push(first);
            before = Some(first);
            rest = after;
            continue;
        }
        let run = run_length(rest);
        let (digits, tail) = rest.split_at(run);
        if must_mask(digits, before, tail.first().copied()) {
            masked.push_str("****");
            // The X that ends an ID number belongs to it.
            rest = match tail.split_first() {
                Some(('X' | 'x', tail)) => tail,
                _ => tail,
            };
        } else {
            masked.extend(digits);
            rest = tail;
        }
        before = Some('*');
    }
    masked.trim().chars().take(KEPT_MAX).collect()
}

/// Takes these out of a message, however they are spaced or spelt: the name, the numbers and the
/// code of the very borrower it is about. What has fewer than two characters is no secret.
#[must_use]
pub fn hide(message: &str, secrets: &[&str]) -> String {
    let mut text: Vec<char> = message.chars().collect();
    for secret in secrets {
        let sought: Vec<char> = secret.chars().filter_map(spelt).collect();
        if sought.len() < 2 {
            continue;
        }
        let mut from = 0;
        while let Some((first, last)) = find(&text, &sought, from) {
            text.splice(first..=last, ['*'; 4]);
            from = first + 4;
        }
    }
    text.into_iter().collect()
}

/// The place of the first such run of characters, separators left out of account.
fn find(text: &[char], sought: &[char], from: usize) -> Option<(usize, usize)> {
    let spelt: Vec<(usize, char)> = text
        .iter()
        .enumerate()
        .skip(from)
        .filter_map(|(place, c)| spelt(*c).map(|c| (place, c)))
        .collect();
    let window =
        spelt.windows(sought.len()).find(|window| window.iter().map(|(_, c)| c).eq(sought))?;
    Some((window.first()?.0, window.last()?.0))
}

/// A letter or digit in one spelling; what only separates is left out.
fn spelt(c: char) -> Option<char> {
    const CHINESE: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let c = visible(c)?;
    let c = if c == '零' { '〇' } else { c };
    if let Some(digit) = CHINESE.iter().position(|chinese| *chinese == c) {
        return char::from_digit(u32::try_from(digit).ok()?, 10);
    }
    c.is_alphanumeric().then(|| c.to_lowercase().next().unwrap_or(c))
}

/// Full-width and Arabic-Indic digits become plain, white space becomes a space; control characters
/// and invisible ones, with which a number could be cut into harmless pieces, go.
fn visible(c: char) -> Option<char> {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(c) - 0xff10 + u32::from('0')),
        '\u{660}'..='\u{669}' => char::from_u32(u32::from(c) - 0x660 + u32::from('0')),
        '\u{6f0}'..='\u{6f9}' => char::from_u32(u32::from(c) - 0x6f0 + u32::from('0')),
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fffd}' => None,
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// Digits, with up to three separators between them.
fn run_length(text: &[char]) -> usize {
    let mut length = 0;
    let mut pending = 0;
    for &c in text {
        match c {
            '0'..='9' => {
                length += pending + 1;
                pending = 0;
            }
            ' ' | '-' | '.' | '_' | '·' | '/' | '|' | ',' | '，' | '‐'..='―' if pending < 3 =>
            {
                pending += 1;
            }
            _ => break,
        }
    }
    length
}

fn must_mask(run: &[char], before: Option<char>, after: Option<char>) -> bool {
    let digits = run.iter().filter(|c| c.is_ascii_digit()).count();
    if digits == run.len() {
        let bracketed =
            matches!((before, after), (Some('['), Some(']')) | (Some('【'), Some('】')));
        // A bank's hotline: five digits that begin with 95.
        let hotline = digits == 5 && run.starts_with(&['9', '5']);
        return digits >= DIGITS_MIN && !(bracketed && digits <= BRACKETED_MAX) && !hotline;
    }
    // Two hotlines beside each other.
    let hotline = |piece: &[char]| piece.len() == 5 && piece.starts_with(&['9', '5']);
    if run.split(|c| !c.is_ascii_digit()).filter(|piece| !piece.is_empty()).all(hotline) {
        return false;
    }
    let longest = run.split(|c| !c.is_ascii_digit()).map(<[char]>::len).max().unwrap_or(0);
    digits >= SEPARATED_DIGITS_MIN || longest >= DIGITS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_number_of_a_person_is_masked() {
        for (raw, masked) in [
            ("卡号6216261000000000018已挂失", "卡号****已挂失"),
            ("card 6216 2610 0000 0000 018 refused", "card **** refused"),
            ("手机13800138000与预留不符", "手机****与预留不符"),
            ("138-0013-8000", "****"),
            ("身份证11010519491231002X不符", "身份证****不符"),
            ("11010519491231002x", "****"),
            ("６２１６２６１０００００００００ ０１８", "****"),
            ("6216\u{200b}2610\u{200d}0000 0000018", "****"),
            ("验证码123456已过期", "验证码****已过期"),
            ("尾号0018", "尾号****"),
            ("621626******0018", "****************"),
            ("[13800138000]", "[****]"),
            ("[6216261000000000018]", "[****]"),
            ("6216.2610.0000.0000.018", "****"),
            ("622,521,000,000,085,2", "****"),
            ("621/226/1000/0000", "****"),
            ("621  226  100  000", "****"),
            ("138 - 000 - 000 - 88", "****"),
            ("٦٢١٦٢٦١٠", "****"),
        ] {
            let found = mask_digits(raw);
            if raw.contains("******") {
                assert!(!found.contains(|c: char| c.is_ascii_digit()), "{raw} -> {found}");
            } else {
                assert_eq!(found, masked, "{raw}");
            }
        }
    }

    #[test]
    fn what_helps_stays() {
        for same in [
            "[68]无法在正常时间内获得交易应答",
            "邮储银行21-24点为清算时间暂停交易",
            "交易失败,详情请咨询95516",
            "验证签名失败[9100004]",
            "身份信息不符[1000005]",
            "第3次,还可再试2次",
            "详询95516/95588",
            "",
        ] {
            assert_eq!(mask_digits(same), same);
        }
    }

    #[test]
    fn what_is_known_of_the_borrower_is_hidden_in_any_spelling() {
        let secrets = ["李文华", "13800000001", "888777", "Ali·Hasan", "x"];
        for (said, hidden) in [
            ("持卡人李文华预留手机138/0000/0001", "持卡人****预留手机****"),
            ("李 文·华不符，李文华不符", "****不符，****不符"),
            ("一三八零零零零零零零一", "****"),
            ("码88 87 77", "码****"),
            ("8-8-8-7-7-7已用", "****已用"),
            ("ali hasan unknown", "**** unknown"),
            ("李文不符", "李文不符"),
            ("x不符", "x不符"),
        ] {
            assert_eq!(hide(said, &secrets), hidden, "{said}");
        }
    }

    #[test]
    fn control_characters_go_and_length_is_capped() {
        assert_eq!(mask_digits("a\u{0}b\r\nc\u{1b}[31md\u{202e}e"), "ab  c[31mde");
        assert_eq!(mask_digits(&"错".repeat(5_000)).chars().count(), 200);
        assert!(mask_digits(&"1".repeat(100_000)).len() <= 200);
    }

    proptest::proptest! {
        #[test]
        fn masking_is_stable_and_leaves_no_long_run(raw in "[0-9 \\-Xx\\[\\]a卡:]{0,80}") {
            let once = mask_digits(&raw);
            proptest::prop_assert_eq!(mask_digits(&once), once.clone());
            let longest = once.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            proptest::prop_assert!(longest.unwrap_or(0) <= BRACKETED_MAX);
        }
    }
}
