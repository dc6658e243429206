//! Finds the known name nearest to a mistyped one, for errors that say how to mend them.

/// The candidate with the smallest edit distance, if it is near enough to be meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let near_enough = typed.chars().count() / 2;
    candidates
        .map(|name| (distance(typed, name), name))
        .min()
        .filter(|(distance, _)| *distance <= near_enough.max(2))
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("listne", "listen", 2), ("卡号", "卡", 1)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn nothing_near_is_nothing() {
        assert_eq!(nearest("zzzzzz", ["listen", "port"].into_iter()), None);
        assert_eq!(nearest("lsten", ["listen", "port"].into_iter()), Some("listen"));
    }
}
