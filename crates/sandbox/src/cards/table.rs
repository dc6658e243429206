//! The rows of the catalogue, read from the data file that is built in.

use std::sync::LazyLock;

use mingka_domain::cause::CauseCode;
use serde::Deserialize;

use crate::bank::{CardState, Hurdle, Stage, Trouble};

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
    pub(super) zh: String,
    pub(super) en: String,
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

const fn yes() -> bool {
    true
}
