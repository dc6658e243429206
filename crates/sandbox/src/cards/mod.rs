//! The magic cards: one documented card for each thing that can happen, always the same, with real
//! BINs and invented holders. And the series: any number of good cards, made by rule from a count.

mod invent;
mod table;

use mingka_domain::cause::CauseCode;
use mingka_domain::text::Text;
use serde::Serialize;

use self::table::{Row, rows};
use crate::bank::{Bank, Card, Series, Stage};

/// A card of the sandbox bank, and what it will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MagicCard {
    /// Its short name, such as `lost`: also its name in the bank's books and in fault rules.
    pub slug: String,
    /// The card number: a real BIN; it passes the Luhn check unless its text says otherwise.
    pub number: String,
    /// The invented holder's name.
    pub name: String,
    /// The invented holder's ID number, with a right check digit.
    pub id_number: String,
    /// The phone to type.
    pub phone: String,
    /// What will happen.
    pub will_do: Text,
    /// The cause Mingka should name; none where all goes well.
    pub cause: Option<CauseCode>,
    /// The response code the bank answers on UnionPay's wire; none where it answers nothing.
    pub answer: Option<String>,
    /// At which step it shows; none where all goes well.
    pub stage: Option<Stage>,
}

/// All magic cards, the good one first.
#[must_use]
pub fn catalogue() -> Vec<MagicCard> {
    rows().iter().zip(1u32..).map(|(row, index)| magic(row, index)).collect()
}

/// A bank that knows the magic cards and the series.
#[must_use]
pub fn bank() -> Bank {
    let cards = rows().iter().zip(1u32..).filter_map(|(row, index)| at_the_bank(row, index));
    Bank::new(cards, Some(Series { by_number: series_card, by_slug: series_card_by_slug }))
}

/// How many good cards the series holds.
pub const SERIES_COUNT: u32 = 10_000_000;

/// The `n`-th good card of the series; the count starts again at [`SERIES_COUNT`].
#[must_use]
pub fn series(n: u32) -> MagicCard {
    let n = n % SERIES_COUNT;
    MagicCard {
        slug: format!("series-{n}"),
        number: series_number(n),
        name: invent::name(n),
        id_number: invent::id_number(n),
        phone: format!("139{n:08}"),
        will_do: Text {
            zh: "一切正常：发送验证码，绑卡成功。".to_owned(),
            en: "All goes well: a code is sent and the card is bound.".to_owned(),
        },
        cause: None,
        answer: Some("00".to_owned()),
        stage: None,
    }
}

/// Another person's phone: typed with any card, the bank finds that it does not match.
pub const PHONE_OF_SOMEBODY_ELSE: &str = "13700000000";

const SERIES_BIN: &str = "621799";
const SERIES_MARK: &str = "88";

fn series_number(n: u32) -> String {
    invent::with_luhn(&format!("{SERIES_BIN}{SERIES_MARK}{n:010}"))
}

fn series_card(number: &str) -> Option<Card> {
    let rest = number.strip_prefix(SERIES_BIN)?.strip_prefix(SERIES_MARK)?;
    let n: u32 = rest.get(..10)?.parse().ok().filter(|n| *n < SERIES_COUNT)?;
    if series_number(n) != number {
        return None;
    }
    let card = series(n);
    Some(Card::normal(&card.slug, number, &card.name, &card.id_number, &card.phone))
}

fn series_card_by_slug(slug: &str) -> Option<Card> {
    let n = slug.strip_prefix("series-")?.parse().ok()?;
    series_card(&series_number(n))
}

fn magic(row: &Row, index: u32) -> MagicCard {
    MagicCard {
        slug: row.slug.clone(),
        number: number(row, index),
        name: invent::name(index),
        id_number: invent::id_number(index),
        phone: phone(index),
        will_do: Text { zh: row.zh.clone(), en: row.en.clone() },
        cause: row.cause.clone(),
        answer: row.answer.clone(),
        stage: row.stage,
    }
}

fn at_the_bank(row: &Row, index: u32) -> Option<Card> {
    if !row.on_the_books {
        return None;
    }
    let known = &row.bank_knows;
    let phone = known.phone.clone().unwrap_or_else(|| phone(index));
    Some(Card {
        slug: row.slug.clone(),
        number: number(row, index),
        name: known.name.clone().unwrap_or_else(|| invent::name(index)),
        id_number: known.id_number.clone().unwrap_or_else(|| invent::id_number(index)),
        reserved_phone: Some(phone).filter(|phone| !phone.is_empty()),
        receiving: row.state,
        paying: row.paying.unwrap_or(row.state),
        hurdle: row.refuses,
        sms_arrives: row.sms_arrives,
        verifications_per_day: row.verifications_per_day,
        trouble: row.trouble.clone(),
    })
}

fn number(row: &Row, index: u32) -> String {
    match &row.number {
        Some(published) => published.clone(),
        None => {
            let filler = row.length.saturating_sub(row.bin.len() + 1);
            invent::with_luhn(&format!("{}{index:0filler$}", row.bin))
        }
    }
}

fn phone(index: u32) -> String {
    format!("1380000{index:04}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mingka_domain::cause::Dictionary;
    use mingka_domain::mapping::MappingBook;
    use mingka_domain::outcome::{Operation, Phase, ResponseCode};

    use super::*;

    fn luhn_holds(number: &str) -> bool {
        let (head, last) = number.split_at(number.len() - 1);
        invent::with_luhn(head).ends_with(last)
    }

    #[test]
    fn numbers_names_and_phones_differ_and_numbers_are_well_formed() {
        let all = catalogue();
        let unique = |field: fn(&MagicCard) -> &String| {
            all.iter().map(field).collect::<BTreeSet<_>>().len() == all.len()
        };
        assert!(unique(|card| &card.slug));
        assert!(unique(|card| &card.number));
        assert!(unique(|card| &card.phone));
        assert!(unique(|card| &card.id_number));
        for card in &all {
            assert!((16..=19).contains(&card.number.len()), "{}", card.slug);
            let published_failure = card.number == "6221558812340000";
            assert_eq!(luhn_holds(&card.number), !published_failure, "{}", card.slug);
            assert!(invent::check_digit_holds(&card.id_number), "{}", card.slug);
        }
    }

    #[test]
    fn the_series_knows_its_own_and_nobody_else() {
        for n in [0, 1, 9_999, SERIES_COUNT - 1] {
            let card = series(n);
            let held = series_card(&card.number).unwrap();
            assert_eq!(held.slug, card.slug);
            assert!(luhn_holds(&card.number));
            assert!(invent::check_digit_holds(&card.id_number));
        }
        assert_eq!(series_card("6217998800000000009"), None);
        assert_eq!(series_card("62179988"), None);
        assert_eq!(series_card("6216261000000000018"), None);
    }

    #[test]
    fn the_causes_are_in_the_dictionary_and_agree_with_the_mapping() {
        let book = MappingBook::embedded();
        for card in catalogue() {
            let Some(cause) = &card.cause else { continue };
            assert!(Dictionary::embedded().get(cause).is_some(), "{}: {cause}", card.slug);
            let Some(code) = card.answer.as_deref().filter(|code| *code != "00") else { continue };
            let operation = match card.stage {
                Some(Stage::Verify) => Operation::Verify,
                Some(Stage::SendCode) => Operation::SendCode,
                _ => Operation::OpenAgreement,
            };
            let code = ResponseCode::new(code);
            let meaning = book.read("unionpay", operation, Phase::Request, &code);
            assert!(meaning.causes.contains(cause), "{}: {:?}", card.slug, meaning.causes);
        }
    }
}
