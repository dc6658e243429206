//! Errors of the interface, as data: whose fault, what next, when again. Handlers return a
//! [`Problem`]; the outermost layer writes it as `application/problem+json` (RFC 9457) or, under
//! `/b/`, as a page. What a caller sent never goes into one.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mingka_domain::cause::{CauseCode, Dictionary};
use mingka_domain::diagnosis::{Actor, NextStep, Retry};
use mingka_domain::finding::Finding;
use mingka_domain::text::Lang;
use mingka_domain::time::{SECOND_MS, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

mod kinds;

pub(crate) use kinds::Kind;

use crate::dto::{FindingBody, word};

/// What went wrong with a request. Boxed, because nearly every function here may return one.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Details>);

/// Everything about a problem.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub(crate) kind: Kind,
    /// One more sentence, where there is something to add to the kind's own.
    pub(crate) detail: Option<(String, String)>,
    /// The place in the body, as a JSON pointer.
    pub(crate) pointer: Option<String>,
    pub(crate) retry_after_s: Option<u32>,
    /// The moment from which it is possible: whoever writes the answer knows what time it is.
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) cause: Option<CauseCode>,
    /// The cause's own row, where it says more than the kind: who acts, what next, when again.
    pub(crate) acts: Option<Acts>,
    pub(crate) findings: Vec<Finding>,
}

/// Who acts, what next, and when to try again.
pub(crate) type Acts = (Actor, NextStep, Retry);

impl Problem {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(Details {
            kind,
            detail: None,
            pointer: None,
            retry_after_s: None,
            not_before: None,
            cause: None,
            acts: None,
            findings: Vec::new(),
        }))
    }

    /// Adds a sentence in both languages. It must not hold anything a caller sent.
    pub(crate) fn detail(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.0.detail = Some((zh.into(), en.into()));
        self
    }

    pub(crate) fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds.max(1));
        self
    }

    pub(crate) fn not_before(mut self, moment: Option<Timestamp>) -> Self {
        self.0.not_before = moment;
        self
    }

    /// Turns a moment into the seconds that are left until then.
    pub(crate) fn seen_at(self, now: Timestamp) -> Self {
        let Some(moment) = self.not_before else { return self };
        let wait_s = moment.since_ms(now).max(0) / SECOND_MS + 1;
        self.retry_after(u32::try_from(wait_s).unwrap_or(u32::MAX))
    }

    pub(crate) fn cause(mut self, cause: CauseCode) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The cause, and what its row says: who acts, what next, and when to try again.
    pub(crate) fn row_of(mut self, cause: CauseCode) -> Self {
        if let Some(row) = Dictionary::embedded().get(&cause) {
            self.0.acts = Some((row.actor, row.next_step, row.retry));
            if let (Retry::After(seconds), None) = (row.retry, self.0.retry_after_s) {
                self = self.retry_after(seconds);
            }
        }
        self.cause(cause)
    }

    pub(crate) fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.cause = findings.first().map(|finding| finding.cause.clone());
        self.0.findings = findings;
        self
    }

    /// A problem for an error status that a library answered with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::MediaType,
            status if status.is_server_error() => Kind::Internal,
            _ => Kind::Malformed,
        })
    }

    /// The body, in the caller's language.
    pub(crate) fn body(&self, lang: Lang, request_id: &str) -> ProblemBody {
        let kind = self.kind.row();
        let own = self.detail.as_ref().map(|(zh, en)| match lang {
            Lang::Zh => zh.as_str(),
            Lang::En => en.as_str(),
        });
        let general = match lang {
            Lang::Zh => kind.detail.0,
            Lang::En => kind.detail.1,
        };
        let (actor, next_step) =
            self.acts.map_or((kind.actor, kind.next_step), |(actor, next, _)| (actor, next));
        ProblemBody {
            r#type: format!("/docs#{}", kind.code),
            title: match lang {
                Lang::Zh => kind.title.0,
                Lang::En => kind.title.1,
            }
            .to_owned(),
            status: kind.status.as_u16(),
            detail: own.unwrap_or(general).to_owned(),
            code: kind.code.to_owned(),
            cause: self.cause.as_ref().map(|cause| cause.as_str().to_owned()),
            actor: word(&actor),
            next_step: word(&next_step),
            retry: self.acts.map(|(_, _, retry)| retry.name().to_owned()),
            retry_after: self.retry_after_s,
            request_id: request_id.to_owned(),
            pointer: self.pointer.clone(),
            findings: self.findings.iter().map(|finding| FindingBody::new(finding, lang)).collect(),
        }
    }
}

impl std::ops::Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl IntoResponse for Problem {
    /// Only the status and the problem itself: the outermost layer knows language and request id.
    fn into_response(self) -> Response {
        let mut response = self.kind.row().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What is fixed about one kind of problem.
pub(crate) struct Row {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) actor: Actor,
    pub(crate) next_step: NextStep,
    pub(crate) title: (&'static str, &'static str),
    pub(crate) detail: (&'static str, &'static str),
}

/// An error, RFC 9457. `code` is stable; the texts follow `Accept-Language`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Where this kind of error is described.
    #[schema(example = "/docs#request.malformed")]
    pub(crate) r#type: String,
    /// What happened, in a few words.
    pub(crate) title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub(crate) status: u16,
    /// What happened and what to do.
    pub(crate) detail: String,
    /// The stable code of this kind of error.
    #[schema(example = "request.malformed")]
    pub(crate) code: String,
    /// The stable code of the cause, where a card or an entry is what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "card.number_too_short")]
    pub(crate) cause: Option<String>,
    /// Who must act: `borrower`, `issuer`, `platform`, `channel` or `nobody`.
    #[schema(example = "platform")]
    pub(crate) actor: String,
    /// What that party does next.
    #[schema(example = "fix_integration")]
    pub(crate) next_step: String,
    /// `never`, `after_correction`, `after` or `automatic`, where a cause says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "after_correction")]
    pub(crate) retry: Option<String>,
    /// Seconds to wait before trying again, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) retry_after: Option<u32>,
    /// This request's id, also in the header `X-Request-Id` and in the log.
    pub(crate) request_id: String,
    /// The place in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/card_number")]
    pub(crate) pointer: Option<String>,
    /// What the checks found, all at once; never the value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) findings: Vec<FindingBody>,
}
