//! Findings, cards and diagnoses as they go out: masked, in words, with their stable codes.

use mingka_domain::bank_guide::BankContact;
use mingka_domain::cause::{Action, Audience, Dictionary};
use mingka_domain::diagnosis::{Diagnosis, Retry, Step};
use mingka_domain::finding::Finding;
use mingka_domain::text::Lang;
use mingka_engine::CardView;
use serde::Serialize;
use utoipa::ToSchema;

use super::word;

/// A place in a field, counted from 1; both ends belong to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = At)]
pub(crate) struct AtBody {
    pub(crate) first: u16,
    pub(crate) last: u16,
}

/// One thing a check found. It never holds the value it is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingBody {
    /// The field it belongs to.
    #[schema(example = "card_number")]
    pub(crate) field: String,
    /// `stop`: must be corrected first. `warn`: worth a second look.
    #[schema(example = "stop")]
    pub(crate) severity: String,
    /// The stable cause.
    #[schema(example = "card.number_too_short")]
    pub(crate) cause: String,
    /// What is wrong.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) fix: String,
    /// Where in the field, when it can be said: digits in a field of digits, characters elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) at: Option<AtBody>,
}

impl FindingBody {
    pub(crate) fn new(finding: &Finding, lang: Lang) -> Self {
        Self {
            field: finding.field.name().to_owned(),
            severity: word(&finding.severity),
            cause: finding.cause.as_str().to_owned(),
            text: finding.text(lang),
            fix: finding.fix(lang),
            at: finding.at.map(|at| AtBody { first: at.first, last: at.last }),
        }
    }
}

/// What is known about a card from its number, or of a card that is kept: always masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Card)]
pub(crate) struct CardBody {
    #[schema(example = "6217 **** 0018")]
    pub(crate) masked: String,
    #[schema(example = "0018")]
    pub(crate) last4: String,
    /// `debit`, `credit`, `semi_credit`, `prepaid`, or null where the BIN is not known.
    #[schema(example = "debit")]
    pub(crate) kind: Option<String>,
    #[schema(example = "CCB")]
    pub(crate) bank_code: Option<String>,
    pub(crate) bank_name: Option<String>,
    /// The holder's name, masked.
    pub(crate) name: Option<String>,
    /// The ID number, masked.
    pub(crate) id_number: Option<String>,
    /// The reserved phone, masked.
    pub(crate) phone: Option<String>,
}

impl From<CardView> for CardBody {
    fn from(card: CardView) -> Self {
        Self {
            masked: card.masked,
            last4: card.last4,
            kind: card.kind.map(|kind| kind.name().to_owned()),
            bank_code: card.bank_code,
            bank_name: card.bank_name,
            name: card.name_masked,
            id_number: card.id_number_masked,
            phone: card.phone_masked,
        }
    }
}

/// One candidate of an honest "one of".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
pub(crate) struct CandidateBody {
    pub(crate) cause: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) fix: String,
}

/// One concrete thing to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub(crate) struct StepBody {
    /// What it is, in one word, such as `correct`, `call_bank`, `bank_app`, `visit_bank`,
    /// `use_another_card`, `try_again` or `contact_support`.
    #[schema(example = "call_bank")]
    pub(crate) action: String,
    /// In words.
    pub(crate) text: String,
    /// For `call_bank`: the number, where the bank's hotline is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "95588")]
    pub(crate) number: Option<String>,
    /// For `correct`: which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "phone")]
    pub(crate) field: Option<String>,
    /// For `bank_app`: what to do there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "raise_limit")]
    pub(crate) task: Option<String>,
    /// For `visit_bank`: what to take along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) bring: Vec<String>,
    /// For `use_another_card`: which kind will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "class_one")]
    pub(crate) card: Option<String>,
    /// For `try_again`: how many seconds to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) seconds: Option<u32>,
}

impl StepBody {
    pub(crate) fn new(action: &Action, text: String, number: Option<String>) -> Self {
        let mut body = Self {
            action: action.name().to_owned(),
            text,
            number,
            field: None,
            task: None,
            bring: Vec::new(),
            card: None,
            seconds: None,
        };
        match action {
            Action::Correct { field } => body.field = Some(field.name().to_owned()),
            Action::BankApp { task } => body.task = Some(task.name().to_owned()),
            Action::VisitBank { bring } => {
                body.bring = bring.iter().map(|paper| paper.name().to_owned()).collect();
            }
            Action::UseAnotherCard { card } => body.card = Some(card.name().to_owned()),
            Action::TryAgain { seconds } => body.seconds = Some(*seconds),
            _ => {}
        }
        body
    }
}

impl From<Step> for StepBody {
    fn from(step: Step) -> Self {
        Self::new(&step.action, step.text, step.number)
    }
}

/// The channel's own words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelAnswer)]
pub(crate) struct ChannelAnswerBody {
    #[schema(example = "unionpay")]
    pub(crate) channel: String,
    pub(crate) operation: String,
    pub(crate) phase: String,
    #[schema(example = "61")]
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) at: String,
}

/// Why, who must act, what next, and when to try again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnosis)]
pub(crate) struct DiagnosisBody {
    /// The likeliest cause.
    #[schema(example = "phone.mismatch")]
    pub(crate) cause: String,
    /// All causes it may be, likeliest first.
    pub(crate) causes: Vec<String>,
    /// `certain`, `likely`, `one_of` or `unknown`.
    pub(crate) certainty: String,
    /// `borrower`, `issuer`, `platform`, `channel` or `nobody`.
    pub(crate) actor: String,
    /// What that party does next.
    pub(crate) next_step: String,
    /// `never`, `after_correction`, `after`, `next_day`, `next_month` (both by Beijing's calendar)
    /// or `automatic`.
    pub(crate) retry: String,
    /// Seconds to wait, for `after`.
    pub(crate) retry_after: Option<u32>,
    /// A few words for the borrower.
    pub(crate) title: String,
    /// What is wrong, for the borrower.
    pub(crate) text: String,
    /// What to do, for the borrower.
    pub(crate) fix: String,
    /// What is concretely to be done, the most useful first, for the borrower.
    pub(crate) steps: Vec<StepBody>,
    /// How to reach the bank, where the bank must act.
    pub(crate) hotline: Option<String>,
    /// The candidates in words, where there are several.
    pub(crate) candidates: Vec<CandidateBody>,
    /// What support may read: exact, also where the borrower's words are vaguer.
    pub(crate) agent_text: String,
    /// What the channel said.
    pub(crate) evidence: Vec<ChannelAnswerBody>,
}

impl DiagnosisBody {
    pub(crate) fn new(diagnosis: &Diagnosis, lang: Lang, bank: Option<&BankContact>) -> Self {
        let dictionary = Dictionary::embedded();
        let borrower = diagnosis.render(dictionary, Audience::Borrower, lang, bank);
        let causes: Vec<String> =
            diagnosis.causes.iter().map(|cause| cause.as_str().to_owned()).collect();
        let (retry, retry_after) = retry(diagnosis.retry);
        Self {
            cause: causes.first().cloned().unwrap_or_default(),
            causes,
            certainty: word(&diagnosis.certainty),
            actor: word(&diagnosis.actor),
            next_step: word(&diagnosis.next_step),
            retry: retry.to_owned(),
            retry_after,
            title: borrower.title,
            text: borrower.text,
            fix: borrower.fix,
            steps: borrower.steps.into_iter().map(StepBody::from).collect(),
            hotline: borrower.hotline,
            candidates: borrower
                .candidates
                .into_iter()
                .map(|candidate| CandidateBody {
                    cause: candidate.cause.as_str().to_owned(),
                    title: candidate.title,
                    text: candidate.text,
                    fix: candidate.fix,
                })
                .collect(),
            agent_text: diagnosis.text(dictionary, Audience::Agent, lang),
            evidence: diagnosis.evidence.iter().map(ChannelAnswerBody::from).collect(),
        }
    }
}

impl From<&mingka_domain::diagnosis::Evidence> for ChannelAnswerBody {
    fn from(evidence: &mingka_domain::diagnosis::Evidence) -> Self {
        Self {
            channel: evidence.channel.clone(),
            operation: evidence.operation.name().to_owned(),
            phase: evidence.phase.name().to_owned(),
            code: evidence.code.as_ref().map(|code| code.as_str().to_owned()),
            message: evidence.message.clone(),
            at: evidence.at.rfc3339(),
        }
    }
}

pub(super) fn retry(retry: Retry) -> (&'static str, Option<u32>) {
    let seconds = match retry {
        Retry::After(seconds) => Some(seconds),
        Retry::Never
        | Retry::AfterCorrection
        | Retry::NextDay
        | Retry::NextMonth
        | Retry::Automatic => None,
    };
    (retry.name(), seconds)
}
