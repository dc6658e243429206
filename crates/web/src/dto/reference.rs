//! What the house knows and shows to whoever integrates: BINs, causes, channels, consent texts.

use mingka_domain::cause::{Audience, Cause, Dictionary, Lookalikes};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_engine::{
    ChannelHealthView, ChannelView, ConsentAccepted, ConsentTextView, ConsentView, EncryptionView,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::diagnosis::retry;
use super::{FindingBody, StepBody, word};

/// The answer of a precheck: everything that was found, at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Precheck)]
pub(crate) struct PrecheckBody {
    /// Whether the entry may be submitted: nothing that was found is a `stop`.
    pub(crate) passes: bool,
    pub(crate) findings: Vec<FindingBody>,
    /// What the card number's BIN says.
    pub(crate) card: Option<BinBody>,
}

/// What a BIN says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bin)]
pub(crate) struct BinBody {
    /// The BIN that was found: the longest that fits.
    #[schema(example = "621700")]
    pub(crate) bin: String,
    #[schema(example = "CCB")]
    pub(crate) bank_code: String,
    pub(crate) bank_name: String,
    /// `debit`, `credit`, `semi_credit` or `prepaid`.
    pub(crate) kind: String,
    /// The kind in words.
    pub(crate) kind_name: String,
    /// How many digits its cards have.
    #[schema(example = 19)]
    pub(crate) length: u8,
    /// Whether this kind of card is accepted for binding.
    pub(crate) accepted: bool,
}

/// What is said to one audience.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wording)]
pub(crate) struct WordingBody {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) fix: String,
}

/// What a cause is often confused with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Neighbours)]
pub(crate) struct NeighboursBody {
    /// The others.
    pub(crate) causes: Vec<String>,
    /// How to tell them apart, for agents and engineers.
    pub(crate) tell: String,
}

impl NeighboursBody {
    fn new(group: &Lookalikes, of: &Cause, lang: Lang) -> Self {
        let others = group.causes.iter().filter(|code| **code != of.code);
        Self {
            causes: others.map(|code| code.as_str().to_owned()).collect(),
            tell: group.tell.in_lang(lang).to_owned(),
        }
    }
}

/// A cause of the dictionary, in the caller's language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cause)]
pub(crate) struct CauseBody {
    #[schema(example = "card.lost")]
    pub(crate) code: String,
    /// `platform_channel`, `environment`, `card_holder` or `attack`.
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) actor: String,
    pub(crate) next_step: String,
    /// `never`, `after_correction`, `after`, `next_day`, `next_month` (both by Beijing's calendar)
    /// or `automatic`.
    pub(crate) retry: String,
    /// Seconds to wait, for `after`.
    pub(crate) retry_after: Option<u32>,
    /// How sure one may be when a bank names this cause alone: `certain`, `likely` or `unknown`.
    #[schema(example = "certain")]
    pub(crate) certainty: String,
    /// What is concretely to be done, the most useful first.
    pub(crate) steps: Vec<StepBody>,
    /// Whether the borrower is told a vaguer cause.
    pub(crate) sensitive: bool,
    /// Which one.
    #[schema(example = "card.status_abnormal")]
    pub(crate) shown_as: Option<String>,
    pub(crate) borrower: WordingBody,
    pub(crate) agent: WordingBody,
    pub(crate) engineer: WordingBody,
    /// What it is often confused with.
    pub(crate) neighbours: Vec<NeighboursBody>,
}

impl CauseBody {
    pub(crate) fn new(dictionary: &Dictionary, cause: &Cause, lang: Lang) -> Self {
        let wording = |audience| WordingBody {
            title: cause.title(audience, lang).to_owned(),
            text: cause.text(audience, lang).to_owned(),
            fix: cause.fix(audience, lang).to_owned(),
        };
        let phrases = dictionary.phrases();
        let steps = cause.steps.iter();
        let steps =
            steps.map(|step| StepBody::new(step, phrases.action(step, None, lang), None)).collect();
        let neighbours = dictionary.lookalikes(&cause.code);
        let (retry, retry_after) = retry(cause.retry);
        Self {
            code: cause.code.as_str().to_owned(),
            family: cause.family.name().to_owned(),
            name: cause.name.in_lang(lang).to_owned(),
            actor: word(&cause.actor),
            next_step: word(&cause.next_step),
            retry: retry.to_owned(),
            retry_after,
            certainty: word(&cause.certainty),
            steps,
            sensitive: cause.sensitive(),
            shown_as: cause.shown_as.as_ref().map(|vague| vague.as_str().to_owned()),
            borrower: wording(Audience::Borrower),
            agent: wording(Audience::Agent),
            engineer: wording(Audience::Engineer),
            neighbours: neighbours.map(|group| NeighboursBody::new(group, cause, lang)).collect(),
        }
    }
}

/// Every cause of the dictionary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CauseList {
    pub(crate) items: Vec<CauseBody>,
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelBody {
    #[schema(example = "unionpay")]
    pub(crate) code: String,
    pub(crate) name: String,
    /// What it can do.
    pub(crate) operations: Vec<String>,
    /// Whether a switch has stopped it.
    pub(crate) stopped: bool,
    /// The bank's certificate that card numbers are encrypted to, where it has one.
    pub(crate) encryption: Option<EncryptionBody>,
    /// How it has been answering lately.
    pub(crate) health: ChannelHealthBody,
}

/// How a channel answered one process in the last fifteen minutes. Every process counts its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelHealth)]
pub(crate) struct ChannelHealthBody {
    /// Whether it counts as ill: more than half of at least five exchanges went wrong, and it has
    /// not been well again since.
    pub(crate) ill: bool,
    /// Exchanges that went well; a refused card is one of them.
    pub(crate) well: usize,
    /// Exchanges the channel answered with a trouble of its own, such as maintenance.
    pub(crate) troubled: usize,
    /// Exchanges without an answer that could be believed.
    pub(crate) silent: usize,
    /// The cause of the newest trouble.
    #[schema(example = "channel.maintenance")]
    pub(crate) last_trouble: Option<String>,
    /// When that was.
    pub(crate) last_trouble_at: Option<String>,
}

impl ChannelHealthBody {
    fn new(view: ChannelHealthView) -> Self {
        let (at, cause) = view.last_trouble.unzip();
        Self {
            ill: view.is_ill,
            well: view.well,
            troubled: view.troubled,
            silent: view.silent,
            last_trouble: cause.map(|cause| cause.as_str().to_owned()),
            last_trouble_at: at.map(|at| at.rfc3339()),
        }
    }
}

/// The certificate that what is sent to a channel is encrypted to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelEncryption)]
pub(crate) struct EncryptionBody {
    /// Its serial number in decimal digits: UnionPay's `encryptCertId`.
    #[schema(example = "68759622183")]
    pub(crate) certificate_id: String,
    /// Until when it may be used.
    pub(crate) expires_at: String,
    /// When the bank last sent its certificate. Null: never, or not over this channel.
    pub(crate) renewed_at: Option<String>,
    /// What went wrong with asking the bank for it since then; the one before stays in use.
    pub(crate) trouble: Option<String>,
}

impl EncryptionBody {
    fn new(view: EncryptionView) -> Self {
        Self {
            certificate_id: view.serial,
            expires_at: view.not_after.rfc3339(),
            renewed_at: view.renewed_at.map(|at| at.rfc3339()),
            trouble: view.trouble,
        }
    }
}

impl ChannelBody {
    pub(crate) fn new(view: ChannelView, lang: Lang) -> Self {
        Self {
            code: view.code,
            name: view.name.in_lang(lang).to_owned(),
            operations: view.operations.iter().map(|o| o.name().to_owned()).collect(),
            stopped: view.stopped,
            encryption: view.encryption.map(EncryptionBody::new),
            health: ChannelHealthBody::new(view.health),
        }
    }
}

/// Every channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelList {
    pub(crate) items: Vec<ChannelBody>,
}

/// A consent text as it is to be shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub(crate) struct ConsentBody {
    /// `information_sharing` or `mandate`.
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) lang: String,
    /// What the box beside it says.
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) paragraphs: Vec<String>,
    /// The hash by which its acceptance names it.
    pub(crate) sha256: String,
}

impl From<ConsentView> for ConsentBody {
    fn from(view: ConsentView) -> Self {
        Self {
            kind: view.kind.name().to_owned(),
            version: view.version,
            lang: word(&view.lang),
            label: view.label,
            title: view.title,
            paragraphs: view.paragraphs,
            sha256: view.sha256,
        }
    }
}

/// A yes to one text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentAccepted)]
pub(crate) struct ConsentAcceptedBody {
    /// `information_sharing` or `mandate`.
    #[schema(example = "mandate")]
    pub(crate) kind: String,
    pub(crate) version: String,
    /// The language it was read in.
    pub(crate) lang: String,
    /// The hash of what was read; `GET /v1/consents/{sha256}` gives the text.
    pub(crate) sha256: String,
    pub(crate) accepted_at: String,
}

impl From<ConsentAccepted> for ConsentAcceptedBody {
    fn from(accepted: ConsentAccepted) -> Self {
        Self {
            kind: accepted.kind,
            version: accepted.version,
            lang: accepted.lang,
            sha256: accepted.sha256,
            accepted_at: accepted.accepted_at.rfc3339(),
        }
    }
}

/// A text that was accepted, exactly as it was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentText)]
pub(crate) struct ConsentTextBody {
    /// `information_sharing` or `mandate`.
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) lang: String,
    /// The very bytes (UTF-8) whose SHA-256 is the hash: kind, version and language in the first
    /// line, then title, label and paragraphs, each ended by a line feed.
    pub(crate) text: String,
    pub(crate) sha256: String,
    /// When it was first accepted.
    pub(crate) first_used_at: String,
}

impl From<ConsentTextView> for ConsentTextBody {
    fn from(view: ConsentTextView) -> Self {
        Self {
            kind: view.kind,
            version: view.version,
            lang: view.lang,
            text: view.text,
            sha256: view.sha256,
            first_used_at: view.first_used_at.rfc3339(),
        }
    }
}

/// Whether this process can serve.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    #[schema(example = "ok")]
    pub(crate) status: String,
    pub(crate) time: String,
}

impl HealthBody {
    pub(crate) fn ok(now: Timestamp) -> Self {
        Self { status: "ok".to_owned(), time: now.rfc3339() }
    }
}

/// The consent texts in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentList {
    pub(crate) items: Vec<ConsentBody>,
}
