//! The answer: what caused a failure, who must act, what to do next, and whether to try again.

use serde::{Deserialize, Serialize};

use crate::cause::CauseCode;
use crate::outcome::{Operation, Phase, ResponseCode};
use crate::time::Timestamp;

/// Every failure, from every channel, becomes one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// One cause, or the candidates of an honest "one of", likeliest first. Never empty.
    pub causes: Vec<CauseCode>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Who must act.
    pub actor: Actor,
    /// What that party does next.
    pub next_step: NextStep,
    /// Whether and when to try again.
    pub retry: Retry,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The bank or our own check said exactly this.
    Certain,
    /// It follows from what is known, with exceptions.
    Likely,
    /// One of several; the bank did not say which.
    OneOf,
    /// Nothing is known yet, or the code is new to us.
    Unknown,
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The borrower.
    Borrower,
    /// The bank that issued the card, reached by the borrower.
    Issuer,
    /// The lending platform.
    Platform,
    /// The payment channel.
    Channel,
    /// Nobody: wait.
    Nobody,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Correct what was typed.
    CorrectEntry,
    /// Ask for a new one-time code.
    RequestNewCode,
    /// Call the bank's hotline.
    CallBank,
    /// Visit a branch with the card and the ID.
    VisitBank,
    /// Use another card.
    UseAnotherCard,
    /// Wait and look again; nothing is to be done.
    Wait,
    /// Try again after the time given.
    TryLater,
    /// Bind the card anew.
    BindAgain,
    /// Update the app or the system.
    UpdateApp,
    /// Turn to the platform's support.
    ContactSupport,
    /// The platform's engineers mend a setting or a message.
    FixIntegration,
}

/// Whether and when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when", content = "seconds")]
pub enum Retry {
    /// Never with this card.
    Never,
    /// Once what was wrong is corrected.
    AfterCorrection,
    /// Not before this many seconds have passed.
    After(u32),
    /// Mingka goes on by itself.
    Automatic,
}

/// One fact a diagnosis rests on. No clear value is ever in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The code family or channel it came from, such as `unionpay`.
    pub channel: String,
    /// What was asked.
    pub operation: Operation,
    /// In which conversation.
    pub phase: Phase,
    /// The bank's own code, where there was one.
    pub code: Option<ResponseCode>,
    /// The bank's own text, masked.
    pub message: Option<String>,
    /// When it was heard.
    pub at: Timestamp,
}
