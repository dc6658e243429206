//! The known name nearest to a misspelt one.

/// The nearest of `known`, when it is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let best = known.iter().map(|known| (distance(name, known), *known)).min()?;
    (best.0 <= name.chars().count().div_ceil(2)).then_some(best.1)
}

/// How many letters must be put, taken or changed.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((b, above), diagonal) in to.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(i + 1);
            let changed = diagonal + usize::from(a != *b);
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_enough_or_nothing() {
        let known = ["card_number", "name", "phone"];
        assert_eq!(nearest("card_nunber", &known), Some("card_number"));
        assert_eq!(nearest("cardNumber", &known), Some("card_number"));
        assert_eq!(nearest("fone", &known), Some("phone"));
        assert_eq!(nearest("zzzzzz", &known), None);
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
