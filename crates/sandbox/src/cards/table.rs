//! The rows of the catalogue, read from the data file that is built in.

use std::sync::LazyLock;

use mingka_domain::cause::CauseCode;
use serde::Deserialize;

use crate::bank::{CardState, Directions, Habit, Hurdle, Stage, Terms, Trouble};

/// One magic card as the data file describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) slug: String,
    pub(super) bin: String,
    pub(super) length: usize,
    pub(super) number: Option<String>,
    #[serde(default = "yes")]
    pub(super) on_the_books: bool,
    #[serde(default)]
    pub(super) state: CardState,
    pub(super) paying: Option<CardState>,
    pub(super) refuses: Option<Hurdle>,
    pub(super) trouble: Option<Trouble>,
    #[serde(default)]
    pub(super) bank_knows: Known,
    #[serde(default = "yes")]
    pub(super) sms_arrives: bool,
    pub(super) verifications_per_day: Option<usize>,
    pub(super) answer: Option<String>,
    pub(super) stage: Option<Stage>,
    pub(super) cause: Option<CauseCode>,
    /// Where the answer leaves several possibilities: all of them, likeliest first.
    #[serde(default)]
    pub(super) causes: Vec<CauseCode>,
    /// What it does once money is concerned, where that is out of the ordinary.
    pub(super) money: Option<MoneyRow>,
    pub(super) zh: String,
    pub(super) en: String,
}

/// What a card does once money is concerned, and what an inquiry says some minutes later.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyRow {
    pub(super) later: Option<Directions>,
    #[serde(default)]
    pub(super) account: Terms,
    pub(super) habit: Option<Habit>,
    /// The amount with which it does so.
    #[serde(default = "thousand_yuan")]
    pub(super) amount_fen: i64,
    pub(super) disbursement: String,
    pub(super) repayment: String,
}

/// What the bank knows otherwise than the catalogue tells to type. An empty phone: none reserved.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub(super) name: Option<String>,
    pub(super) id_number: Option<String>,
    pub(super) phone: Option<String>,
}

#[derive(Deserialize)]
struct File {
    card: Vec<Row>,
}

/// All rows, in the order of the file.
pub(super) fn rows() -> &'static [Row] {
    &ROWS
}

/// Read once: the simulator makes a bank for every seed.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is built in, and the tests read it")]
    let file: File =
        toml::from_str(include_str!("cards.toml")).expect("the built-in cards are readable");
    file.card
});

const fn thousand_yuan() -> i64 {
    100_000
}

const fn yes() -> bool {
    true
}
