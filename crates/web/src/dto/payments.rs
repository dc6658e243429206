//! Payments and lenders as they come in and go out.

use mingka_domain::id::PaymentId;
use mingka_domain::money::Fen;
use mingka_domain::payment::{PaymentKind, Proof};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_engine::{DEFAULT_LENDER, LenderView, NewGiveBack, NewPayment, PaymentView};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::requests::{own_reference, value_problem};
use super::{DiagnosisBody, TimelineBody, word};
use crate::problem::Problem;

/// The longest purpose, in characters.
const PURPOSE_CHARS_MAX: usize = 32;

/// A loan to pay out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisbursementRequest {
    /// The bound card.
    #[schema(example = "inst_…")]
    pub(crate) instrument: String,
    /// How much, in fen (分).
    #[schema(example = 1_000_000)]
    pub(crate) amount_fen: i64,
    /// Your own reference of the loan.
    #[schema(example = "loan-2026-11-0042")]
    pub(crate) loan_ref: String,
    /// For what, in one word of yours; `principal` when left out. Together with the reference it
    /// names what is paid once.
    #[schema(example = "principal", nullable = false)]
    pub(crate) purpose: Option<String>,
    /// Whose money it is: a lender's code; `default` when left out.
    #[schema(example = "default", nullable = false)]
    pub(crate) lender: Option<String>,
}

/// A repayment to collect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepaymentRequest {
    /// The bound card.
    #[schema(example = "inst_…")]
    pub(crate) instrument: String,
    /// How much, in fen (分).
    #[schema(example = 1_000_000)]
    pub(crate) amount_fen: i64,
    /// Your own reference of the item that is due.
    #[schema(example = "loan-2026-11-0042/3")]
    pub(crate) due_ref: String,
    /// Whether the borrower is there: the bank sends a code for this very amount, and the repayment
    /// is `awaiting_code` until it is confirmed with it. `false` when left out.
    #[schema(nullable = false)]
    pub(crate) customer_present: Option<bool>,
    /// Until when the amount holds; a day when left out, with `customer_present` as long as its
    /// code is good.
    #[schema(example = "2026-11-27T18:00:00+08:00", nullable = false)]
    pub(crate) valid_until: Option<String>,
    /// For what, in one word of yours; `principal` when left out. Together with the reference it
    /// names what is paid once.
    #[schema(example = "principal", nullable = false)]
    pub(crate) purpose: Option<String>,
    /// Whose money it is: a lender's code; `default` when left out.
    #[schema(example = "default", nullable = false)]
    pub(crate) lender: Option<String>,
}

/// Money to give back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// How much, in fen (分); all that is left when left out. `null` is refused: an amount that
    /// got lost on its way must not give back everything.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(example = 50_000, nullable = false)]
    pub(crate) amount_fen: Option<i64>,
}

fn never_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(from).map(Some)
}

impl RefundRequest {
    /// What it asks for.
    pub(crate) fn give_back(&self, original: PaymentId) -> Result<NewGiveBack, Problem> {
        let amount = self.amount_fen.map(amount).transpose()?;
        Ok(NewGiveBack { original, kind: PaymentKind::Refund, amount })
    }
}

/// What both say, and under which name they say it.
struct Money<'a> {
    instrument: &'a str,
    amount_fen: i64,
    purpose: Option<String>,
    lender: Option<String>,
    reference: (&'static str, &'a str),
    valid_until: Option<&'a str>,
}

impl DisbursementRequest {
    /// The payment it asks for.
    pub(crate) fn payment(self, now: Timestamp) -> Result<NewPayment, Problem> {
        Money {
            instrument: &self.instrument,
            amount_fen: self.amount_fen,
            purpose: self.purpose,
            lender: self.lender,
            reference: ("loan_ref", &self.loan_ref),
            valid_until: None,
        }
        .payment(PaymentKind::Disbursement, now)
    }
}

impl RepaymentRequest {
    /// The payment it asks for.
    pub(crate) fn payment(self, now: Timestamp) -> Result<NewPayment, Problem> {
        Money {
            instrument: &self.instrument,
            amount_fen: self.amount_fen,
            purpose: self.purpose,
            lender: self.lender,
            reference: ("due_ref", &self.due_ref),
            valid_until: self.valid_until.as_deref(),
        }
        .payment(PaymentKind::Repayment, now)
        .map(|payment| NewPayment {
            customer_present: self.customer_present == Some(true),
            ..payment
        })
    }
}

/// Which page of a list of payments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentQuery {
    /// Only those of this loan or due item, by your own reference.
    pub(crate) reference: Option<String>,
    /// How many, 1 to 100; 20 when left out.
    pub(crate) limit: Option<u32>,
    /// Show what is older than this id.
    pub(crate) starting_after: Option<String>,
    /// Show what is newer than this id.
    pub(crate) ending_before: Option<String>,
}

/// A payment: money that moves at most once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    pub(crate) id: String,
    /// `disbursement`, `repayment`, `refund` or `reversal`.
    #[schema(example = "disbursement")]
    pub(crate) kind: String,
    /// `accepted`, `awaiting_code`, `waiting`, `in_flight`, `doubtful`, `review`, `settled`,
    /// `refused`, `returned`, `refunded`, `reversed` or `cancelled`. Only `refused`, `returned`,
    /// `reversed` and `cancelled` say that the money is where it was before.
    #[schema(example = "in_flight")]
    pub(crate) state: String,
    pub(crate) amount_fen: i64,
    pub(crate) lender: String,
    pub(crate) instrument: String,
    /// Of a refund or a reversal, the repayment whose money it gives back.
    pub(crate) original: Option<String>,
    /// Of a repayment, what was asked to give it back, refused ones too, oldest first; empty in
    /// lists.
    pub(crate) given_back_by: Vec<String>,
    /// How much of it was given back.
    pub(crate) refunded_amount_fen: Option<i64>,
    /// Your own reference: `loan_ref` or `due_ref`.
    pub(crate) reference: String,
    pub(crate) purpose: String,
    pub(crate) channel: Option<String>,
    /// The channel's own number, to quote to its support.
    pub(crate) channel_number: Option<String>,
    /// While it waits, for what: `not_sent`, `soft_decline`, `hours`, `stopped`, `balance` or
    /// `limit`.
    pub(crate) waits_for: Option<String>,
    /// While it awaits a code: whether the bank said that it has sent one.
    pub(crate) code_confirmed: Option<bool>,
    /// While people look at it, why: `unproven`, `suspected_duplicate`, `settled_after_refusal`.
    pub(crate) review: Option<String>,
    /// What proves that the money moved: `inquiry`, `statement` or `persons`.
    pub(crate) proof: Option<String>,
    pub(crate) settled_amount_fen: Option<i64>,
    /// When it is looked at next, while it is not at its end.
    pub(crate) next_look_at: Option<String>,
    pub(crate) diagnosis: Option<DiagnosisBody>,
    /// What happened, oldest first; empty in lists.
    pub(crate) timeline: Vec<TimelineBody>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// Counts the changes.
    pub(crate) version: u64,
}

/// One page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentList {
    pub(crate) items: Vec<PaymentBody>,
    pub(crate) has_more: bool,
}

/// A lender: whose money it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lender)]
pub(crate) struct LenderBody {
    pub(crate) id: String,
    #[schema(example = "default")]
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

/// All lenders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LenderList {
    pub(crate) items: Vec<LenderBody>,
}

impl PaymentBody {
    pub(crate) fn new(view: PaymentView, lang: Lang) -> Self {
        let diagnosis = |diagnosis| DiagnosisBody::new(diagnosis, lang, None);
        Self {
            id: view.id.to_string(),
            kind: view.kind.name().to_owned(),
            state: view.state,
            amount_fen: view.amount.get(),
            lender: view.lender,
            instrument: view.instrument.to_string(),
            original: view.original.map(|id| id.to_string()),
            given_back_by: view.given_back_by.iter().map(ToString::to_string).collect(),
            refunded_amount_fen: view.refunded_amount.map(Fen::get),
            reference: view.reference,
            purpose: view.purpose,
            channel: view.channel,
            channel_number: view.channel_number,
            waits_for: view.waits_for.map(|why| word(&why)),
            code_confirmed: view.code_confirmed,
            review: view.review.map(|why| word(&why)),
            proof: view.proof.map(|proof| proof_word(proof).to_owned()),
            settled_amount_fen: view.settled_amount.map(Fen::get),
            next_look_at: view.next_look_at.map(Timestamp::rfc3339),
            diagnosis: view.diagnosis.as_ref().map(diagnosis),
            timeline: view.timeline.iter().map(|e| TimelineBody::new(e, lang, None)).collect(),
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
            version: view.version,
        }
    }
}

const fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::Inquiry => "inquiry",
        Proof::Answer => "answer",
        Proof::Statement(_) => "statement",
        Proof::Absence(_) => "absence",
        Proof::Persons(_) => "persons",
        Proof::NeverSent => "never_sent",
    }
}

impl From<LenderView> for LenderBody {
    fn from(view: LenderView) -> Self {
        Self {
            id: view.id.to_string(),
            code: view.code,
            name: view.name,
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// An amount to move: of nothing there is no payment.
pub(super) fn amount(fen: i64) -> Result<Fen, Problem> {
    Fen::new(fen).ok().filter(|amount| !amount.is_zero()).ok_or_else(|| {
        value_problem(
            "/amount_fen",
            "amount_fen 应为大于 0 的整数，单位为分。",
            "amount_fen is a whole number of fen above 0.",
        )
    })
}

impl Money<'_> {
    fn payment(self, kind: PaymentKind, now: Timestamp) -> Result<NewPayment, Problem> {
        let Self { instrument, amount_fen, purpose, lender, reference, valid_until } = self;
        let (field, reference) = reference;
        let instrument = instrument.parse().map_err(|_| {
            value_problem(
                "/instrument",
                "instrument 应为已绑卡的编号，如 inst_…。",
                "instrument is the id of a bound card, such as inst_….",
            )
        })?;
        let amount = amount(amount_fen)?;
        let purpose = purpose.unwrap_or_else(|| "principal".to_owned());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if purpose.is_empty() || purpose.len() > PURPOSE_CHARS_MAX || !purpose.chars().all(plain) {
            return Err(value_problem(
                "/purpose",
                "purpose 应为 1 至 32 个小写字母、数字、_ 或 -。",
                "purpose is 1 to 32 lower-case letters, digits, _ or -.",
            ));
        }
        let read_moment = |text: &str| {
            Timestamp::from_rfc3339(text).filter(|until| *until > now).ok_or_else(|| {
                value_problem(
                    "/valid_until",
                    "valid_until 应为尚未到来的 RFC 3339 时间，如 2026-11-27T18:00:00+08:00。",
                    "valid_until is an RFC 3339 moment to come, such as 2026-11-27T18:00:00+08:00.",
                )
            })
        };
        Ok(NewPayment {
            kind,
            lender: lender.unwrap_or_else(|| DEFAULT_LENDER.to_owned()),
            instrument,
            original: None,
            reference: own_reference(field, Some(reference))?.unwrap_or_default(),
            purpose,
            amount,
            customer_present: false,
            valid_until: valid_until.map(read_moment).transpose()?,
        })
    }
}
