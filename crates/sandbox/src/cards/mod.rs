//! The magic cards: one documented card for each thing that can happen, always the same, with real
//! BINs and invented holders. And the series: any number of good cards, made by rule from a count.

mod group;
mod invent;
mod table;

use mingka_domain::cause::CauseCode;
use mingka_domain::text::Text;
use serde::Serialize;

pub use self::group::Group;
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
    /// What is truly the matter, as far as Mingka can name it; none where all goes well.
    pub cause: Option<CauseCode>,
    /// What Mingka will name, likeliest first. Several where the bank does not say which one it
    /// is: then `cause` is one of them, not necessarily the first.
    pub causes: Vec<CauseCode>,
    /// The response code the bank answers on UnionPay's wire; none where it answers nothing.
    pub answer: Option<String>,
    /// At which step it shows; none where all goes well.
    pub stage: Option<Stage>,
    /// What it does once money is concerned, where that is out of the ordinary.
    pub money: Option<MoneyPromise>,
    /// Among which cards it is listed.
    pub group: Group,
}

/// What a card does once money is concerned: the response codes of an inquiry three minutes after
/// the order (34 is that of the inquiry itself: no such order).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoneyPromise {
    /// The amount with which it does so, in fen.
    pub amount_fen: i64,
    /// Of a disbursement to the card.
    pub disbursement: String,
    /// Of a repayment from the card.
    pub repayment: String,
}

/// All magic cards, the good one first.
#[must_use]
pub fn catalogue() -> Vec<MagicCard> {
    rows().iter().zip(1u32..).map(|(row, index)| magic(row, index)).collect()
}

/// The magic cards by what happens, in the order of the file: for lists that people read.
#[must_use]
pub fn by_group() -> Vec<(Group, Vec<MagicCard>)> {
    let all = catalogue();
    let of = |group| all.iter().filter(|card| card.group == group).cloned().collect();
    Group::ALL.into_iter().map(|group| (group, of(group))).collect()
}

/// A bank that knows the magic cards and the series.
#[must_use]
pub fn bank() -> Bank {
    let cards = rows().iter().zip(1u32..).filter_map(|(row, index)| at_the_bank(row, index));
    Bank::new(
        cards.chain([company()]),
        Some(Series { by_number: series_card, by_slug: series_card_by_slug }),
    )
}

/// The account of an invented company, to be paid under its name.
#[must_use]
pub fn company() -> Card {
    Card {
        reserved_phone: None,
        ..Card::normal("company", COMPANY_ACCOUNT, COMPANY_NAME, COMPANY_CODE, "")
    }
}

/// A company account that UnionPay has published for its own test environment.
const COMPANY_ACCOUNT: &str = "6212142600000000167";
const COMPANY_NAME: &str = "沙箱测试科技有限公司";
const COMPANY_CODE: &str = "91110000600037341L";

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
        causes: Vec::new(),
        answer: Some("00".to_owned()),
        stage: None,
        money: None,
        group: Group::Works,
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
        causes: if row.causes.is_empty() {
            row.cause.iter().cloned().collect()
        } else {
            row.causes.clone()
        },
        answer: row.answer.clone(),
        stage: row.stage,
        money: row.money.as_ref().map(|money| MoneyPromise {
            amount_fen: money.amount_fen,
            disbursement: money.disbursement.clone(),
            repayment: money.repayment.clone(),
        }),
        group: Group::of(row),
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
        later: row.money.as_ref().and_then(|money| money.later),
        terms: row.money.as_ref().map(|money| money.account).unwrap_or_default(),
        habit: row.money.as_ref().and_then(|money| money.habit),
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
mod tests;
