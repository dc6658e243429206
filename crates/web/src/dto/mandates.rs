//! Mandates as they come in and go out.

use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;
use mingka_engine::{MandateView, NewMandate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::requests::value_problem;
use crate::problem::Problem;

/// The longest of its words, in characters.
const WORDS_CHARS_MAX: usize = 64;

/// What may be collected from a bound card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MandateRequest {
    /// Who may collect.
    #[schema(example = "晨光小额贷款有限公司")]
    pub(crate) payee: String,
    /// For what.
    #[schema(example = "借款合同还款")]
    pub(crate) collected_for: String,
    /// How often, or under which conditions, in words.
    #[schema(example = "每月 10 日", nullable = false)]
    pub(crate) cycle: Option<String>,
    /// The most one collection may take, in fen; no limit when left out.
    #[schema(example = 500_000, nullable = false)]
    pub(crate) payment_fen: Option<i64>,
    /// Until when; for good when left out.
    #[schema(example = "2027-11-30T00:00:00+08:00", nullable = false)]
    pub(crate) valid_until: Option<String>,
}

impl MandateRequest {
    pub(crate) fn mandate(self, now: Timestamp) -> Result<NewMandate, Problem> {
        let payment = self.payment_fen.map(|fen| {
            Fen::new(fen).ok().filter(|fen| !fen.is_zero()).ok_or_else(|| {
                value_problem(
                    "/payment_fen",
                    "payment_fen 应为大于 0 的整数，单位为分。",
                    "payment_fen is a whole number of fen above 0.",
                )
            })
        });
        let valid_until = self.valid_until.map(|text| {
            Timestamp::from_rfc3339(&text).filter(|until| *until > now).ok_or_else(|| {
                value_problem(
                    "/valid_until",
                    "valid_until 应为尚未到来的 RFC 3339 时间。",
                    "valid_until is an RFC 3339 moment to come.",
                )
            })
        });
        Ok(NewMandate {
            payee: words("/payee", self.payee)?,
            purpose: words("/collected_for", self.collected_for)?,
            cycle: self.cycle.map(|cycle| words("/cycle", cycle)).transpose()?,
            payment: payment.transpose()?,
            valid_until: valid_until.transpose()?,
        })
    }
}

fn words(pointer: &str, text: String) -> Result<String, Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > WORDS_CHARS_MAX || text.contains(char::is_control) {
        return Err(value_problem(
            pointer,
            "这里应为 1 至 64 个字。",
            "This is 1 to 64 characters.",
        ));
    }
    Ok(text)
}

/// What may be collected from a bound card, as it was stated last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mandate)]
pub(crate) struct MandateBody {
    #[schema(example = "mand_…")]
    pub(crate) id: String,
    pub(crate) instrument: String,
    pub(crate) payee: String,
    pub(crate) collected_for: String,
    pub(crate) cycle: Option<String>,
    pub(crate) payment_fen: Option<i64>,
    pub(crate) valid_until: Option<String>,
    /// The hash of the text that the borrower accepted: `GET /v1/consents/{sha256}`.
    pub(crate) consent_sha256: String,
    pub(crate) accepted_at: String,
    /// Since when it is ended, if it is.
    pub(crate) ended_at: Option<String>,
}

impl From<MandateView> for MandateBody {
    fn from(view: MandateView) -> Self {
        Self {
            id: view.id.to_string(),
            instrument: view.instrument.to_string(),
            payee: view.payee,
            collected_for: view.purpose,
            cycle: view.cycle,
            payment_fen: view.payment.map(Fen::get),
            valid_until: view.valid_until.map(Timestamp::rfc3339),
            consent_sha256: view.consent_sha256,
            accepted_at: view.accepted_at.rfc3339(),
            ended_at: view.ended_at.map(Timestamp::rfc3339),
        }
    }
}
