//! Effects are data: the domain says what shall be done, the engine does it after the commit.
//! An effect carries ids only, never a clear value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{
    AttemptId, BindingId, EndpointId, EventId, InstrumentId, PaymentId, SessionId, VerificationId,
};
use crate::time::Timestamp;

/// Something to be done once the unit that holds it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Send this attempt's message to its bank. Possible only with the proof that it is persisted.
    Send(AttemptId),
    /// Wake whoever watches this subject (SSE, the borrower's page).
    Announce,
}

/// What an attempt, a step, a consent or a stored answer is about. Its text form is the id's own:
/// the prefix says which kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A card on its way to becoming an instrument.
    Binding(BindingId),
    /// A bound card.
    Instrument(InstrumentId),
    /// A two- to four-element verification.
    Verification(VerificationId),
    /// A hosted page session: what a stored answer is about, never an attempt or a consent.
    Session(SessionId),
    /// Money that shall move once.
    Payment(PaymentId),
    /// Where a platform wants to be told.
    Endpoint(EndpointId),
}

impl Subject {
    /// The identity of the event number `seq` that happened to it at a moment. It is made of
    /// these, so that nothing has to be drawn: no two events of a subject share a number.
    #[must_use]
    pub fn event_id(self, seq: i64, at: Timestamp) -> EventId {
        let mut bytes = match self {
            Self::Binding(id) => id.tail(),
            Self::Instrument(id) => id.tail(),
            Self::Verification(id) => id.tail(),
            Self::Session(id) => id.tail(),
            Self::Payment(id) => id.tail(),
            Self::Endpoint(id) => id.tail(),
        };
        // A subject's log is far shorter than two bytes count; the eight left are drawn at random.
        let number = u16::try_from(seq).unwrap_or(u16::MAX).to_be_bytes();
        bytes.iter_mut().zip(number).for_each(|(byte, part)| *byte = part);
        EventId::new(at, bytes)
    }
}

/// The text names nothing that can be a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectError;

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected the id of a binding, an instrument, a verification, a session, a payment or \
             an endpoint",
        )
    }
}

impl std::error::Error for SubjectError {}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binding(id) => id.fmt(f),
            Self::Instrument(id) => id.fmt(f),
            Self::Verification(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::Payment(id) => id.fmt(f),
            Self::Endpoint(id) => id.fmt(f),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Binding(id));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Instrument(id));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Verification(id));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Payment(id));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Endpoint(id));
        }
        text.parse().map(Self::Session).map_err(|_| SubjectError)
    }
}

impl From<BindingId> for Subject {
    fn from(id: BindingId) -> Self {
        Self::Binding(id)
    }
}

impl From<InstrumentId> for Subject {
    fn from(id: InstrumentId) -> Self {
        Self::Instrument(id)
    }
}

impl From<VerificationId> for Subject {
    fn from(id: VerificationId) -> Self {
        Self::Verification(id)
    }
}

impl From<SessionId> for Subject {
    fn from(id: SessionId) -> Self {
        Self::Session(id)
    }
}

impl From<PaymentId> for Subject {
    fn from(id: PaymentId) -> Self {
        Self::Payment(id)
    }
}

impl From<EndpointId> for Subject {
    fn from(id: EndpointId) -> Self {
        Self::Endpoint(id)
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_subject_is_refused() {
        let attempt = AttemptId::new(Timestamp::from_millis(1), [1; 10]).to_string();
        assert_eq!(attempt.parse::<Subject>(), Err(SubjectError));
        assert_eq!("".parse::<Subject>(), Err(SubjectError));
        assert_eq!("bind_12".parse::<Subject>(), Err(SubjectError));
    }

    #[test]
    fn events_of_one_subject_differ_and_sort_by_time() {
        let subject = Subject::from(BindingId::new(Timestamp::from_millis(1), [7; 10]));
        let first = subject.event_id(1, Timestamp::from_millis(5));
        assert_ne!(first, subject.event_id(2, Timestamp::from_millis(5)));
        assert!(first < subject.event_id(2, Timestamp::from_millis(6)));
        let other = Subject::from(BindingId::new(Timestamp::from_millis(1), [8; 10]));
        assert_ne!(first, other.event_id(1, Timestamp::from_millis(5)));
        assert_eq!(first.made_at(), Timestamp::from_millis(5));
    }

    #[test]
    fn each_kind_round_trips_through_its_text() {
        let now = Timestamp::from_millis(1);
        let subjects: [Subject; 6] = [
            EndpointId::new(now, [6; 10]).into(),
            PaymentId::new(now, [5; 10]).into(),
            BindingId::new(now, [1; 10]).into(),
            InstrumentId::new(now, [2; 10]).into(),
            VerificationId::new(now, [3; 10]).into(),
            SessionId::new(now, [4; 10]).into(),
        ];
        for subject in subjects {
            assert_eq!(subject.to_string().parse(), Ok(subject));
            let json = serde_json::to_string(&subject).unwrap();
            assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
        }
    }
}
