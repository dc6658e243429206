//! What comes in. Unknown fields are refused, so that a misspelt one is not silently ignored.

use mingka_domain::card::Purpose;
use mingka_domain::environment::Environment;
use mingka_domain::precheck::Entry;
use mingka_engine::ConsentGiven;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::object::Object;
use crate::problem::{Kind, Problem};
use crate::typed::Typed;
use mingka_domain::personal;

/// The longest reference of the platform's own, in characters.
const REFERENCE_CHARS_MAX: usize = 64;
/// More consents than there are kinds of them are no consents.
const CONSENT_COUNT_MAX: usize = 8;

/// What the borrower typed, in any dress; every field may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrecheckRequest {
    /// The card number. Spaces, dashes, full-width digits and text around it are forgiven.
    #[schema(value_type = Option<String>, example = "6217 0000 0000 0000 000", nullable = false)]
    pub(crate) card_number: Option<Typed>,
    /// The holder's name.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) name: Option<Typed>,
    /// The number of the holder's identity document.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) id_number: Option<Typed>,
    /// The phone number reserved at the bank.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) phone: Option<Typed>,
    /// A company's name.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) company_name: Option<Typed>,
    /// A company's unified social credit code.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) credit_code: Option<Typed>,
    /// The clearing code (联行号) of the branch that keeps a company's account.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) clearing_code: Option<Typed>,
    /// What the card shall be used for: `both` (when absent), `disbursement` or `repayment`.
    #[schema(example = "both", nullable = false)]
    pub(crate) purpose: Option<String>,
    /// What it was typed on.
    #[schema(value_type = Option<EnvironmentRequest>, nullable = false)]
    pub(crate) environment: Option<Object<EnvironmentRequest>>,
}

/// What the app reports about where the borrower types. What is absent is not judged.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvironmentRequest {
    /// The version of the platform's app.
    #[schema(example = "3.2.1", nullable = false)]
    pub(crate) app_version: Option<String>,
    /// `android`, `ios`, `harmony` or another word.
    #[schema(example = "android", nullable = false)]
    pub(crate) os: Option<String>,
    /// The version of the system.
    #[schema(example = "14", nullable = false)]
    pub(crate) os_version: Option<String>,
    /// How many accounts have used this device.
    #[schema(nullable = false)]
    pub(crate) device_account_count: Option<u32>,
    /// The device's clock minus the server's, in milliseconds.
    #[schema(nullable = false)]
    pub(crate) clock_skew_ms: Option<i64>,
    /// `good`, `weak` or `offline`.
    #[schema(example = "good", nullable = false)]
    pub(crate) network: Option<String>,
}

/// A consent text the borrower accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentRequest {
    /// `information_sharing` or `mandate`.
    #[schema(example = "information_sharing")]
    pub(crate) kind: String,
    /// The version that was shown.
    pub(crate) version: String,
    /// The language it was shown in: `zh` or `en`.
    #[schema(example = "zh", nullable = false)]
    pub(crate) lang: Option<String>,
    /// The hash of the text that was shown, as `GET /v1/consents` gave it.
    #[schema(nullable = false)]
    pub(crate) sha256: Option<String>,
}

/// A verification to make. The elements that are given decide which product is asked: beside the
/// card number the name, the ID number, both, the phone, or all three. What is missing to one of
/// these is a finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerificationRequest {
    /// The card number.
    #[schema(value_type = String)]
    pub(crate) card_number: Typed,
    /// The holder's name.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) name: Option<Typed>,
    /// The number of the holder's identity document.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) id_number: Option<Typed>,
    /// The phone number reserved at the bank.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) phone: Option<Typed>,
    /// The platform's own name for the borrower.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(crate) borrower_ref: Option<String>,
    /// What the borrower accepted: `information_sharing` is needed.
    #[serde(default)]
    #[schema(value_type = Vec<ConsentRequest>, required = true)]
    pub(crate) consents: Vec<Object<ConsentRequest>>,
    /// What it was typed on.
    #[serde(default)]
    #[schema(value_type = Option<EnvironmentRequest>, nullable = false)]
    pub(crate) environment: Option<Object<EnvironmentRequest>>,
}

/// A card to bind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BindingRequest {
    /// The card number.
    #[schema(value_type = String)]
    pub(crate) card_number: Typed,
    /// The holder's name.
    #[schema(value_type = String)]
    pub(crate) name: Typed,
    /// The number of the holder's identity document.
    #[schema(value_type = String)]
    pub(crate) id_number: Typed,
    /// The phone number reserved at the bank.
    #[schema(value_type = String)]
    pub(crate) phone: Typed,
    /// What the card shall be used for: `both` (when absent), `disbursement` or `repayment`.
    #[serde(default)]
    #[schema(example = "both", nullable = false)]
    pub(crate) purpose: Option<String>,
    /// The platform's own name for the borrower.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(crate) borrower_ref: Option<String>,
    /// What the borrower accepted: both kinds are needed.
    #[serde(default)]
    #[schema(value_type = Vec<ConsentRequest>, required = true)]
    pub(crate) consents: Vec<Object<ConsentRequest>>,
    /// What it was typed on.
    #[serde(default)]
    #[schema(value_type = Option<EnvironmentRequest>, nullable = false)]
    pub(crate) environment: Option<Object<EnvironmentRequest>>,
}

/// The one-time code the borrower received.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// Four to eight digits. It passes through to the bank and is never stored.
    #[schema(value_type = String)]
    pub(crate) code: Typed,
}

/// A request that needs no body: nothing, or an empty object.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmptyRequest {}

/// A value that has the right type and is not one of those that are taken.
pub(super) fn value_problem(pointer: &str, zh: &str, en: &str) -> Problem {
    Problem::new(Kind::WrongValue).pointer(pointer).detail(zh, en)
}

impl PrecheckRequest {
    pub(crate) fn entry(&self) -> Result<Entry<'_>, Problem> {
        Ok(Entry {
            card_number: exposed(self.card_number.as_ref()),
            name: exposed(self.name.as_ref()),
            id_number: exposed(self.id_number.as_ref()),
            phone: exposed(self.phone.as_ref()),
            company_name: exposed(self.company_name.as_ref()),
            credit_code: exposed(self.credit_code.as_ref()),
            clearing_code: exposed(self.clearing_code.as_ref()),
            purpose: purpose(self.purpose.as_deref())?,
            ..Entry::default()
        })
    }
}

impl VerificationRequest {
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry {
            card_number: Some(self.card_number.expose()),
            name: exposed(self.name.as_ref()),
            id_number: exposed(self.id_number.as_ref()),
            phone: exposed(self.phone.as_ref()),
            ..Entry::default()
        }
    }
}

impl BindingRequest {
    pub(crate) fn entry(&self) -> Result<Entry<'_>, Problem> {
        Ok(Entry {
            card_number: Some(self.card_number.expose()),
            name: Some(self.name.expose()),
            id_number: Some(self.id_number.expose()),
            phone: Some(self.phone.expose()),
            purpose: purpose(self.purpose.as_deref())?,
            ..Entry::default()
        })
    }
}

/// What the card shall be used for; both when nothing is said.
fn purpose(given: Option<&str>) -> Result<Purpose, Problem> {
    match given {
        None | Some("both") => Ok(Purpose::Both),
        Some("disbursement") => Ok(Purpose::Disbursement),
        Some("repayment") => Ok(Purpose::Repayment),
        Some(_) => Err(value_problem(
            "/purpose",
            "purpose 只能是 both、disbursement 或 repayment。",
            "purpose is one of both, disbursement, repayment.",
        )),
    }
}

pub(super) fn exposed(typed: Option<&Typed>) -> Option<&str> {
    typed.map(Typed::expose)
}

/// The environment, parsed.
pub(crate) fn environment(given: Option<&EnvironmentRequest>) -> Result<Environment, Problem> {
    let Some(given) = given else { return Ok(Environment::default()) };
    let version = |text: &Option<String>, pointer: &str| {
        text.as_deref().map(str::parse).transpose().map_err(|_| {
            value_problem(
                pointer,
                "版本号应为一至四段数字，例如 3.2.1。",
                "A version is one to four numbers with dots between them, such as 3.2.1.",
            )
        })
    };
    Ok(Environment {
        app_version: version(&given.app_version, "/environment/app_version")?,
        os: given.os.as_deref().map(os),
        os_version: version(&given.os_version, "/environment/os_version")?,
        device_account_count: given.device_account_count,
        clock_skew_ms: given.clock_skew_ms,
        network: given.network.as_deref().map(network).transpose()?,
    })
}

fn os(name: &str) -> mingka_domain::environment::Os {
    use mingka_domain::environment::Os;
    match name {
        "android" => Os::Android,
        "ios" => Os::Ios,
        "harmony" => Os::Harmony,
        _ => Os::Other,
    }
}

fn network(name: &str) -> Result<mingka_domain::environment::Network, Problem> {
    use mingka_domain::environment::Network;
    match name {
        "good" => Ok(Network::Good),
        "weak" => Ok(Network::Weak),
        "offline" => Ok(Network::Offline),
        _ => Err(value_problem(
            "/environment/network",
            "network 只能是 good、weak 或 offline。",
            "network is one of good, weak, offline.",
        )),
    }
}

/// The consents, parsed.
pub(crate) fn consents(given: &[Object<ConsentRequest>]) -> Result<Vec<ConsentGiven>, Problem> {
    use mingka_domain::consent::ConsentKind;
    use mingka_domain::text::Lang;
    if given.len() > CONSENT_COUNT_MAX {
        return Err(value_problem("/consents", "consents 最多 8 项。", "At most 8 consents."));
    }
    let one = |(index, consent): (usize, &Object<ConsentRequest>)| {
        let kind = ConsentKind::from_name(&consent.kind).ok_or_else(|| {
            value_problem(
                &format!("/consents/{index}/kind"),
                "kind 只能是 information_sharing 或 mandate。",
                "kind is one of information_sharing, mandate.",
            )
        })?;
        let lang = match consent.lang.as_deref() {
            None => Lang::Zh,
            Some(tag) => crate::lang::parse(tag).ok_or_else(|| {
                value_problem(
                    &format!("/consents/{index}/lang"),
                    "lang 只能是 zh 或 en。",
                    "lang is one of zh, en.",
                )
            })?,
        };
        Ok(ConsentGiven {
            kind,
            version: consent.version.clone(),
            lang,
            sha256: consent.sha256.clone(),
        })
    };
    given.iter().enumerate().map(one).collect()
}

/// The platform's own reference: short, printable, nothing a log or a page could choke on.
pub(crate) fn reference(given: Option<&str>) -> Result<Option<String>, Problem> {
    own_reference("borrower_ref", given)
}

/// The same in a field of another name.
pub(crate) fn own_reference(field: &str, given: Option<&str>) -> Result<Option<String>, Problem> {
    let pointer = format!("/{field}");
    let Some(given) = given else { return Ok(None) };
    let good = !given.is_empty()
        && given.chars().count() <= REFERENCE_CHARS_MAX
        && given.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/@+".contains(c));
    if good && personal::is_personal(given) {
        return Err(value_problem(
            &pointer,
            &format!(
                "{field} 请使用贵方自己的编号，不要用卡号、手机号或证件号；若编号恰为相似的纯数字，请加上字母前缀。"
            ),
            &format!(
                "Use your own reference in {field}, not a card number, phone or ID number; put \
                 letters in front if yours only looks like one."
            ),
        ));
    }
    if good {
        return Ok(Some(given.to_owned()));
    }
    Err(value_problem(
        &pointer,
        &format!("{field} 应为 1 至 64 个字母、数字或 -_.:/@+。"),
        &format!("{field} is 1 to 64 letters, digits or -_.:/@+."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_short_and_printable() {
        assert!(reference(Some("loan-42/borrower:7")).is_ok());
        let long = "x".repeat(65);
        for bad in ["", &long, "a b", "a\u{0}", "名", "a\u{202e}b", "<b>", "13800138000"] {
            assert!(reference(Some(bad)).is_err(), "{bad:?}");
        }
    }
}
