//! The answer: what caused a failure, who must act, what to do next, and whether to try again.
//! A diagnosis decides nothing about money; it only explains.

mod heard;
mod mask;
mod render;
pub mod words;

use serde::{Deserialize, Serialize};

pub use self::heard::{Explained, Heard};
pub use self::mask::{hide, mask_digits};
pub use self::render::{Candidate, Rendered, Step};
use self::words::WordReader;
use crate::cause::{Cause, CauseCode, Dictionary, known};
use crate::mapping::Meaning;
use crate::outcome::{Class, Doubt, NotSent, Operation, Phase, ResponseCode};
use crate::time::{SECOND_MS, Timestamp};

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

impl Diagnosis {
    /// From what a bank's code means.
    #[must_use]
    pub fn from_meaning(dictionary: &Dictionary, meaning: &Meaning, evidence: Evidence) -> Self {
        Self::build(dictionary, meaning.causes.clone(), meaning.certainty, vec![evidence])
    }

    /// The same, and where the code says little, what the bank's own words add. A code that leaves
    /// several causes keeps them all: the words beside it are often no more than its name. For
    /// showing: whether and when to try again, and what happens next, is decided by the code alone.
    #[must_use]
    pub fn from_meaning_and_words(
        dictionary: &Dictionary,
        meaning: &Meaning,
        evidence: Evidence,
    ) -> Self {
        let may = meaning.class == Class::Declined && heard::is_vague(&meaning.causes);
        let words = evidence.message.as_deref().filter(|_| may);
        match words.map(|words| WordReader::embedded().read(words)) {
            Some(read) if !read.causes.is_empty() => {
                let coded = Self::from_meaning(dictionary, meaning, evidence.clone());
                let said = Self::build(dictionary, read.causes, read.certainty, vec![evidence]);
                match said.retry {
                    // It is over: words that ask to wait for it would be waited on for ever.
                    Retry::Automatic => coded,
                    // Whether it is tried again is no matter of words.
                    _ => Self { retry: coded.retry, ..said },
                }
            }
            _ => Self::from_meaning(dictionary, meaning, evidence),
        }
    }

    /// From one cause that our own code knows: a finding of a precheck, an expired code.
    #[must_use]
    pub fn from_cause(dictionary: &Dictionary, cause: CauseCode, certainty: Certainty) -> Self {
        Self::build(dictionary, vec![cause], certainty, Vec::new())
    }

    /// From an exchange whose outcome nobody knows. It blames nobody and asks to wait.
    #[must_use]
    pub fn from_doubt(dictionary: &Dictionary, doubt: Doubt, evidence: Vec<Evidence>) -> Self {
        let (cause, certainty) = match doubt {
            Doubt::TimedOut => (known::CHANNEL_TIMEOUT, Certainty::Certain),
            Doubt::ConnectionBroken
            | Doubt::WrongOrder
            | Doubt::WrongAmount
            | Doubt::CodeProvesNothing => (known::CHANNEL_RESULT_UNKNOWN, Certainty::Unknown),
            Doubt::BadStatus | Doubt::Unreadable => {
                (known::CHANNEL_ANSWER_UNREADABLE, Certainty::Certain)
            }
            Doubt::BadSignature => (known::CHANNEL_ANSWER_SIGNATURE, Certainty::Certain),
            Doubt::UnmappedCode => (known::CHANNEL_CODE_UNMAPPED, Certainty::Unknown),
            Doubt::Restarted => (known::PLATFORM_RESTARTED, Certainty::Certain),
        };
        Self::build(dictionary, vec![cause], certainty, evidence)
    }

    /// From an attempt that certainly never reached the bank.
    #[must_use]
    pub fn from_not_sent(
        dictionary: &Dictionary,
        not_sent: NotSent,
        evidence: Vec<Evidence>,
    ) -> Self {
        let cause = match not_sent {
            NotSent::NoConnection => known::CHANNEL_OUTAGE,
            NotSent::Unencodable => known::CHANNEL_UNENCODABLE,
            NotSent::ChannelRefused => known::CHANNEL_BUSY,
            NotSent::ChannelStopped => known::CHANNEL_MAINTENANCE,
        };
        Self::build(dictionary, vec![cause], Certainty::Certain, evidence)
    }

    /// The same with one more fact behind it.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// What the borrower may see: sensitive causes are replaced by the vaguer ones they are shown
    /// as, and the evidence is left out.
    #[must_use]
    pub fn for_borrower(&self, dictionary: &Dictionary) -> Self {
        let mut shown: Vec<CauseCode> = Vec::with_capacity(self.causes.len());
        for code in &self.causes {
            let vague = dictionary.get(code).and_then(|cause| cause.shown_as.as_ref());
            let code = vague.unwrap_or(code);
            if !shown.contains(code) {
                shown.push(code.clone());
            }
        }
        if shown == self.causes {
            return Self { evidence: Vec::new(), ..self.clone() };
        }
        let certainty = match (self.certainty, shown.len()) {
            (Certainty::OneOf, 1) => Certainty::Likely,
            (certainty, _) => certainty,
        };
        Self::build(dictionary, shown, certainty, Vec::new())
    }

    /// Actor, next step and retry follow the likeliest cause: it stands first.
    fn build(
        dictionary: &Dictionary,
        mut causes: Vec<CauseCode>,
        mut certainty: Certainty,
        evidence: Vec<Evidence>,
    ) -> Self {
        if causes.is_empty() {
            causes.push(known::CHANNEL_RESULT_UNKNOWN);
            certainty = Certainty::Unknown;
        }
        let first = causes.iter().find_map(|code| dictionary.get(code));
        let (actor, next_step, retry) = first.map_or(
            (Actor::Platform, NextStep::ContactSupport, Retry::AfterCorrection),
            |cause: &Cause| (cause.actor, cause.next_step, cause.retry),
        );
        Self { causes, certainty, actor, next_step, retry, evidence }
    }
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

impl Certainty {
    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::OneOf => "one_of",
            Self::Unknown => "unknown",
        }
    }
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

impl Actor {
    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Borrower => "borrower",
            Self::Issuer => "issuer",
            Self::Platform => "platform",
            Self::Channel => "channel",
            Self::Nobody => "nobody",
        }
    }
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

impl NextStep {
    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CorrectEntry => "correct_entry",
            Self::RequestNewCode => "request_new_code",
            Self::CallBank => "call_bank",
            Self::VisitBank => "visit_bank",
            Self::UseAnotherCard => "use_another_card",
            Self::Wait => "wait",
            Self::TryLater => "try_later",
            Self::BindAgain => "bind_again",
            Self::UpdateApp => "update_app",
            Self::ContactSupport => "contact_support",
            Self::FixIntegration => "fix_integration",
        }
    }
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
    /// From the next day on, by Beijing's calendar: what is limited by the day.
    NextDay,
    /// From the next month on, by Beijing's calendar: what is limited by the month.
    NextMonth,
    /// Mingka goes on by itself.
    Automatic,
}

impl Retry {
    /// The stable name, as in data files, the API and the command line; without the seconds.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterCorrection => "after_correction",
            Self::After(_) => "after",
            Self::NextDay => "next_day",
            Self::NextMonth => "next_month",
            Self::Automatic => "automatic",
        }
    }

    /// The moment from which it may be tried again, where the calendar or a wait decides it, for
    /// what was heard at `from`.
    #[must_use]
    pub fn moment(self, from: Timestamp) -> Option<Timestamp> {
        match self {
            Self::After(seconds) => Some(from.plus_ms(i64::from(seconds) * SECOND_MS)),
            Self::NextDay => Some(from.next_day()),
            Self::NextMonth => Some(from.next_month()),
            Self::Never | Self::AfterCorrection | Self::Automatic => None,
        }
    }
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

impl Evidence {
    /// Evidence from a bank's answer. The text is masked here once more, so that no caller can
    /// forget it; masking what is masked changes nothing.
    #[must_use]
    pub fn heard(
        channel: &str,
        operation: Operation,
        phase: Phase,
        answer: Option<&crate::outcome::RawAnswer>,
        at: Timestamp,
    ) -> Self {
        Self {
            channel: channel.to_owned(),
            operation,
            phase,
            code: answer.map(|answer| answer.code.clone()),
            message: answer.and_then(|answer| answer.message.as_deref()).map(mask_digits),
            at,
        }
    }
}

#[cfg(test)]
mod tests;
