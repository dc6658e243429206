//! What the page says once after an action, carried over the redirect as a word in the query, so
//! that a reload or the back button never sends a form again. Never a value that was typed.

use mingka_domain::cause::{Audience, CauseCode, Dictionary, known};

use super::views::Message;
use super::visit::Visit;

/// The longest wait that is told, in seconds.
const WAIT_S_MAX: u32 = 86_400;

/// One of the few things there are to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Another code was sent.
    Resent,
    /// No code was typed.
    Empty,
    /// What was typed is no code.
    NotACode,
    /// The code ran out.
    Expired,
    /// It is too early for another code.
    TooEarly,
    /// No more codes can be asked for.
    TooMany,
    /// The last request is still with the bank.
    Busy,
    /// The channel is closed for now, and nothing was sent.
    Closed,
    /// Too often; the seconds to wait.
    Wait(u32),
}

/// Those without a number, with their words in the query.
const WORDS: [(Said, &str); 8] = [
    (Said::Resent, "resent"),
    (Said::Empty, "empty"),
    (Said::NotACode, "digits"),
    (Said::Expired, "expired"),
    (Said::TooEarly, "early"),
    (Said::TooMany, "sends"),
    (Said::Busy, "busy"),
    (Said::Closed, "closed"),
];

impl Said {
    /// What a refused action says, where the page itself does not.
    pub(super) fn of_cause(cause: &CauseCode) -> Option<Self> {
        let causes = [
            (known::CODE_EXPIRED, Self::Expired),
            (known::CODE_RESEND_TOO_EARLY, Self::TooEarly),
            (known::CODE_TOO_MANY_SENDS, Self::TooMany),
            (known::BINDING_CONFIRMING, Self::Busy),
        ];
        causes.into_iter().find(|(one, _)| one == cause).map(|(_, said)| said)
    }

    /// Reads the query of the one address.
    pub(super) fn of_query(query: &str) -> Option<Self> {
        if let Some(seconds) = query.strip_prefix("say=wait.") {
            return seconds.parse().ok().filter(|s| *s <= WAIT_S_MAX).map(Self::Wait);
        }
        let word = query.strip_prefix("say=")?;
        WORDS.iter().find(|(_, one)| *one == word).map(|(said, _)| *said)
    }

    /// The one address with this to say.
    pub(super) fn address(self) -> String {
        if let Self::Wait(seconds) = self {
            return format!("/b/?say=wait.{}", seconds.min(WAIT_S_MAX));
        }
        let word = WORDS.iter().find(|(said, _)| *said == self).map_or("", |(_, word)| *word);
        format!("/b/?say={word}")
    }

    /// The sentence, beside the field. A code that was sent is told elsewhere.
    pub(super) fn message(self, visit: &Visit) -> Option<Message> {
        let w = visit.w;
        let cause = match self {
            Self::Resent => return None,
            Self::Empty => return Some(stop(w.code_empty.to_owned())),
            Self::NotACode => return Some(stop(w.code_not_a_code.to_owned())),
            Self::Closed => return Some(stop(w.trouble_text.to_owned())),
            Self::Wait(seconds) => return Some(stop(format!("{}{seconds}", w.too_soon))),
            Self::Expired => known::CODE_EXPIRED,
            Self::TooEarly => known::CODE_RESEND_TOO_EARLY,
            Self::TooMany => known::CODE_TOO_MANY_SENDS,
            Self::Busy => known::BINDING_CONFIRMING,
        };
        of_cause(visit, &cause)
    }
}

/// What the dictionary says to a borrower about a cause.
pub(super) fn of_cause(visit: &Visit, cause: &CauseCode) -> Option<Message> {
    let cause = Dictionary::embedded().get(cause)?;
    let fix = cause.fix(Audience::Borrower, visit.lang).to_owned();
    Some(Message { fix: Some(fix), ..stop(cause.text(Audience::Borrower, visit.lang).to_owned()) })
}

fn stop(text: String) -> Message {
    Message { severity: "stop", text, fix: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back_and_nothing_else_is_said() {
        for said in WORDS.iter().map(|(said, _)| *said).chain([Said::Wait(30)]) {
            let address = said.address();
            let query = address.strip_prefix("/b/?").unwrap();
            assert_eq!(Said::of_query(query), Some(said), "{address}");
        }
        for query in
            ["", "say=", "say=<b>", "say=wait.-1", "say=wait.99999999", "resent", "say=wait"]
        {
            assert_eq!(Said::of_query(query), None, "{query}");
        }
    }
}
