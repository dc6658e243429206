//! Identities: 128 bits in UUIDv7 layout (time first, so they sort by age), shown with a prefix
//! that says what they name. The caller brings the time and the random bytes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// What an identity names. Implemented by the empty types in [`kind`].
pub trait Kind {
    /// The prefix of the text form, without the underscore.
    const PREFIX: &'static str;
}

/// An identity of kind `K`. Text form: prefix, underscore, 32 hexadecimal digits.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

/// The kinds of things that have an identity.
pub mod kind {
    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
            $(#[$doc])*
            pub enum $name {}
            impl super::Kind for $name { const PREFIX: &'static str = $prefix; }
        )*};
    }
    kinds! {
        /// A tenant: the company that runs the lending app.
        Platform = "plat";
        /// An API key of a platform.
        ApiKey = "key";
        /// A hosted page session, for one borrower and one binding.
        Session = "sess";
        /// A binding: one card on its way to becoming an instrument.
        Binding = "bind";
        /// One exchange with a bank.
        Attempt = "att";
        /// A bound card.
        Instrument = "inst";
        /// An agreement with one channel and merchant account.
        Agreement = "agr";
        /// A two- to four-element verification.
        Verification = "ver";
        /// A leased step of background work.
        Step = "step";
        /// A request as the outside knows it.
        Request = "req";
        /// Something that happened to a subject.
        Event = "evt";
        /// Money that shall move once: a disbursement or a repayment.
        Payment = "pay";
        /// Whose money it is.
        Lender = "lend";
        /// What may be collected from a bound card.
        Mandate = "mand";
        /// A person, or a key, that does something.
        Principal = "prin";
        /// A request that a second person decides.
        Approval = "appr";
        /// Where a platform wants to be told.
        Endpoint = "whk";
        /// One event on its way to an endpoint.
        Delivery = "dlv";
        /// A statement of one channel's settlement day.
        Statement = "stmt";
    }
}

/// See [`kind::Platform`].
pub type PlatformId = Id<kind::Platform>;
/// See [`kind::ApiKey`].
pub type ApiKeyId = Id<kind::ApiKey>;
/// See [`kind::Session`].
pub type SessionId = Id<kind::Session>;
/// See [`kind::Binding`].
pub type BindingId = Id<kind::Binding>;
/// See [`kind::Attempt`].
pub type AttemptId = Id<kind::Attempt>;
/// See [`kind::Instrument`].
pub type InstrumentId = Id<kind::Instrument>;
/// See [`kind::Agreement`].
pub type AgreementId = Id<kind::Agreement>;
/// See [`kind::Verification`].
pub type VerificationId = Id<kind::Verification>;
/// See [`kind::Step`].
pub type StepId = Id<kind::Step>;
/// See [`kind::Request`].
pub type RequestId = Id<kind::Request>;
/// See [`kind::Event`].
pub type EventId = Id<kind::Event>;
/// See [`kind::Payment`].
pub type PaymentId = Id<kind::Payment>;
/// See [`kind::Lender`].
pub type LenderId = Id<kind::Lender>;
/// See [`kind::Mandate`].
pub type MandateId = Id<kind::Mandate>;
/// See [`kind::Principal`].
pub type PrincipalId = Id<kind::Principal>;
/// See [`kind::Approval`].
pub type ApprovalId = Id<kind::Approval>;
/// See [`kind::Endpoint`].
pub type EndpointId = Id<kind::Endpoint>;
/// See [`kind::Delivery`].
pub type DeliveryId = Id<kind::Delivery>;
/// See [`kind::Statement`].
pub type StatementId = Id<kind::Statement>;

impl<K: Kind> Id<K> {
    /// A new identity from the moment and ten random bytes (UUIDv7, RFC 9562 section 5.7).
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let ms = u128::from(now.as_millis().unsigned_abs()) & 0xffff_ffff_ffff;
        let mut low = 0u128;
        for byte in random {
            low = (low << 8) | u128::from(byte);
        }
        // 48 bits of time, version 7, 12 random bits, variant 10, 62 random bits.
        let random_a = (low >> 62) & 0xfff;
        let random_b = low & 0x3fff_ffff_ffff_ffff;
        Self((ms << 80) | (0x7 << 76) | (random_a << 64) | (0b10 << 62) | random_b, PhantomData)
    }

    /// The moment in it: when what it names came into being.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        // 48 bits always fit.
        Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }

    /// The last ten bytes: what was drawn at random when it was made.
    #[must_use]
    pub fn tail(&self) -> [u8; 10] {
        let bytes = self.0.to_be_bytes();
        std::array::from_fn(|place| bytes.get(place + 6).copied().unwrap_or_default())
    }

    /// The 32 hexadecimal digits without the prefix: fits fields that allow only letters and digits.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", self.0)
    }
}

/// Why a text is not an identity of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// The prefix that was expected.
    pub expected: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an id of the form {}_ and 32 hexadecimal digits", self.expected)
    }
}

impl std::error::Error for IdError {}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError { expected: K::PREFIX };
        let hex = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        match hex {
            Some(hex)
                if hex.len() == 32
                    && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) =>
            {
                u128::from_str_radix(hex, 16).map(|n| Self(n, PhantomData)).map_err(|_| wrong)
            }
            _ => Err(wrong),
        }
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:032x}", K::PREFIX, self.0)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_sorts_by_age() {
        let early = BindingId::new(Timestamp::from_millis(1), [0xff; 10]);
        let late = BindingId::new(Timestamp::from_millis(2), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        assert_eq!(late.to_string().parse::<BindingId>(), Ok(late));
        assert_eq!(late.hex().len(), 32);
    }

    #[test]
    fn another_kind_is_refused() {
        let id = BindingId::new(Timestamp::from_millis(1), [7; 10]).to_string();
        assert!(id.parse::<AttemptId>().is_err());
        assert!("bind_XYZ".parse::<BindingId>().is_err());
        assert!("bind_".parse::<BindingId>().is_err());
    }
}
