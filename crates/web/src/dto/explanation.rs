//! A bank's answer that somebody else heard, as it comes in and as it is explained. For platforms
//! that keep a gateway of their own: nothing of it is kept here.

use mingka_domain::bank_guide::BankContact;
use mingka_domain::diagnosis::words::{Clue, Reading};
use mingka_domain::diagnosis::{Explained, Heard};
use mingka_domain::mapping::MappingBook;
use mingka_domain::outcome::{Operation, Phase, ResponseCode};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_engine::Engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payments::amount;
use super::requests::{exposed, value_problem};
use super::{DiagnosisBody, word};
use crate::nearest::nearest;
use crate::problem::Problem;
use crate::typed::Typed;

/// The longest text that is read, in characters.
const TEXT_CHARS_MAX: usize = 1_000;
/// A longer name is no misspelt one.
const NAME_BYTES_MAX: usize = 64;

/// What a bank or a channel answered, to be explained. Give a `code` with its `family`, the bank's
/// own words as `text`, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiagnosisRequest {
    /// The family the code is of. An unknown one is answered with the list of those known.
    #[schema(example = "unionpay", nullable = false)]
    pub(crate) family: Option<String>,
    /// Instead of the family: a channel of this house, as in `GET /v1/channels`.
    #[schema(nullable = false)]
    pub(crate) channel: Option<String>,
    /// What was asked: `verify`, `send_code`, `open_agreement`, `query_agreement`,
    /// `cancel_agreement`, `query_state`, `refresh_certificate`, `disburse`, `send_payment_code`,
    /// `collect`, `refund`, `undo` or `reverse`.
    #[schema(example = "verify")]
    pub(crate) operation: String,
    /// Where it was heard: in the answer to the `request` itself (when left out), in an `inquiry`
    /// about it, or in a `notification`. The same code proves different things in each.
    #[schema(example = "request", nullable = false)]
    pub(crate) phase: Option<String>,
    /// The code, exactly as it came.
    #[schema(example = "61", nullable = false)]
    pub(crate) code: Option<String>,
    /// The bank's own words, up to 1,000 characters. They are neither kept nor logged.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) text: Option<Typed>,
    /// How much it was about, in fen (分): an amount can tell which legal limit it was.
    #[schema(example = 1_000_000, nullable = false)]
    pub(crate) amount_fen: Option<i64>,
    /// Whether you have proof of your own that it was finally not done. Without it nothing that
    /// moves money is explained as if it were over. `false` when left out.
    #[schema(nullable = false)]
    pub(crate) over: Option<bool>,
    /// The bank that issued the card, as `GET /v1/bins/{prefix}` names it: for its hotline.
    #[schema(example = "ICBC", nullable = false)]
    pub(crate) bank_code: Option<String>,
}

impl DiagnosisRequest {
    /// What was heard, if it can be read.
    pub(crate) fn heard<'a>(
        &'a self,
        engine: &'a Engine,
        now: Timestamp,
    ) -> Result<Heard<'a>, Problem> {
        let text = exposed(self.text.as_ref());
        if self.code.is_none() && text.is_none() {
            return Err(value_problem(
                "/code",
                "code 和 text 至少给一个。",
                "Give a code, a text, or both.",
            ));
        }
        let family = self.family(engine)?;
        if self.code.is_some() && family.is_none() {
            let known = MappingBook::embedded().families().join(", ");
            return Err(value_problem(
                "/family",
                &format!("有 code 时要用 family 或 channel 说明它属于哪一套。已知：{known}。"),
                &format!("Say of which family or channel the code is. Known: {known}."),
            ));
        }
        let phase = self.phase.as_deref().unwrap_or(Phase::Request.name());
        Ok(Heard {
            family,
            operation: pick("operation", &self.operation, &Operation::ALL, Operation::name)?,
            phase: pick("phase", phase, &Phase::ALL, Phase::name)?,
            code: self.code.as_deref().map(code).transpose()?,
            text: text.map(words).transpose()?,
            amount: self.amount_fen.map(amount).transpose()?,
            over: self.over == Some(true),
            at: now,
        })
    }

    /// The family of the code: named, or that of a channel.
    fn family<'a>(&'a self, engine: &'a Engine) -> Result<Option<&'a str>, Problem> {
        let book = MappingBook::embedded();
        match (self.family.as_deref(), self.channel.as_deref()) {
            (Some(_), Some(_)) => Err(value_problem(
                "/channel",
                "family 和 channel 只能给一个。",
                "Give family or channel, not both.",
            )),
            (Some(family), None) if book.knows(family) => Ok(Some(family)),
            (Some(family), None) => Err(unknown("family", family, &book.families())),
            (None, Some(channel)) => {
                let family = engine.code_family(channel);
                family.map(Some).ok_or_else(|| {
                    let channels = engine.channels();
                    let known: Vec<&str> = channels.iter().map(|one| one.code.as_str()).collect();
                    unknown("channel", channel, &known)
                })
            }
            (None, None) => Ok(None),
        }
    }
}

fn code(given: &str) -> Result<ResponseCode, Problem> {
    let code = ResponseCode::new(given);
    if !given.is_empty() && code.as_str() == given {
        return Ok(code);
    }
    Err(value_problem(
        "/code",
        "code 应为 1 至 32 个可见的 ASCII 字符，与银行返回的一致。",
        "A code is 1 to 32 visible ASCII characters, exactly as the bank sent it.",
    ))
}

fn words(given: &str) -> Result<&str, Problem> {
    if !given.trim().is_empty() && given.chars().count() <= TEXT_CHARS_MAX {
        return Ok(given);
    }
    Err(value_problem("/text", "text 应为 1 至 1000 个字符。", "text is 1 to 1,000 characters."))
}

/// The one of these that bears the name.
fn pick<T: Copy>(
    field: &str,
    given: &str,
    known: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    let found = known.iter().copied().find(|one| name(*one) == given);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|one| name(*one)).collect();
        unknown(field, given, &names)
    })
}

/// A name nobody knows: those that are known, and the nearest of them.
fn unknown(field: &str, given: &str, known: &[&str]) -> Problem {
    let near = if given.len() <= NAME_BYTES_MAX { nearest(given, known) } else { None };
    let (near_zh, near_en) = near.map_or_else(Default::default, |near| {
        (format!("最接近的是 {near}。"), format!(" The nearest is {near}."))
    });
    let known = known.join(", ");
    value_problem(
        &format!("/{field}"),
        &format!("没有这个 {field}。{near_zh}已知：{known}。"),
        &format!("There is no such {field}.{near_en} Known: {known}."),
    )
}

/// What a bank's answer means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationBody {
    /// What the code proves: `settled`, `declined` (finally), `pending`, `not_attempted` or
    /// `unknown`, which must be inquired about and is no refusal. Words prove nothing.
    #[schema(example = "declined")]
    pub(crate) class: String,
    /// Why, who must act, what next; null where it was done.
    pub(crate) diagnosis: Option<DiagnosisBody>,
    /// What the words alone say, whether or not the diagnosis follows them; null without a text.
    pub(crate) reading: Option<ReadingBody>,
}

/// What was read in the bank's own words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reading)]
pub(crate) struct ReadingBody {
    /// The causes they speak for, likeliest first; empty where they say nothing known.
    pub(crate) causes: Vec<String>,
    /// `likely`, `one_of` or `unknown`: words alone are never `certain`.
    pub(crate) certainty: String,
    /// How strongly they speak for it, from 0 to 1.
    pub(crate) strength: f64,
    /// What it went by: our own phrases, and the known message that is most like it.
    pub(crate) went_by: Vec<String>,
}

impl ExplanationBody {
    pub(crate) fn new(explained: &Explained, lang: Lang, bank: Option<&BankContact>) -> Self {
        let diagnosis = explained.diagnosis.as_ref();
        Self {
            class: word(&explained.class),
            diagnosis: diagnosis.map(|diagnosis| DiagnosisBody::new(diagnosis, lang, bank)),
            reading: explained.reading.as_ref().map(ReadingBody::from),
        }
    }
}

impl From<&Reading> for ReadingBody {
    fn from(reading: &Reading) -> Self {
        let went_by = reading.clues.iter().map(|clue| match clue {
            Clue::Phrase { words } => words.join("+"),
            Clue::Like { message, .. } => message.clone(),
        });
        Self {
            causes: reading.causes.iter().map(|cause| cause.as_str().to_owned()).collect(),
            certainty: word(&reading.certainty),
            strength: reading.strength,
            went_by: went_by.collect(),
        }
    }
}
