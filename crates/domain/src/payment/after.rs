//! What happens beside the money itself: a code is asked for before it, two persons decide what no
//! proof has ended, and what moved is given back.

use super::apply::{Next, settled};
use super::{AwaitingCode, Decision, Heard, Payment, Proof, Refunded, Refused, ReviewReason, Why};
use crate::diagnosis::Diagnosis;
use crate::id::{AttemptId, PaymentId};
use crate::money::Fen;
use crate::time::Timestamp;

impl Payment {
    /// Two persons with evidence end what no proof has ended. What they call unmoved is held until
    /// two statements agree.
    pub(super) fn decide(
        self,
        attempt: AttemptId,
        decision: &Decision,
        moved: Result<(), Diagnosis>,
        now: Timestamp,
    ) -> Next {
        let (progress, open, shown) = match self {
            Self::Doubtful(doubtful) => (doubtful.progress, doubtful.attempt, false),
            Self::Review(review) => {
                let shown = review.why == ReviewReason::SettledAfterRefusal;
                (review.progress, review.attempt, shown)
            }
            _ => return Err(Why::WrongState),
        };
        if open != attempt {
            return Err(Why::OtherAttempt);
        }
        // A statement has shown the money: nobody says that it did not move.
        if shown && moved.is_err() {
            return Err(Why::NotProven);
        }
        let proof = Proof::Persons(decision.approval);
        match moved {
            Ok(()) => Ok(settled(attempt, proof, progress.terms.amount, now)),
            Err(diagnosis) => {
                let (attempt, held_since) = (Some(attempt), Some(now));
                let refused = Refused { progress, attempt, diagnosis, held_since };
                Ok(Self::Refused(refused).announced())
            }
        }
    }

    /// A part of what moved went back, or it was undone as a whole.
    pub(super) fn give_back(self, by: PaymentId, amount: Option<Fen>, attempt: AttemptId) -> Next {
        let Some(amount) = amount else {
            let own = match &self {
                Self::Settled(settled) => Some(settled.attempt),
                // Declined meanwhile, and another not begun: what was undone is that one.
                Self::Waiting(_) => Some(attempt),
                _ => self.open_attempt(),
            };
            return match own {
                Some(own) if own == attempt => Ok(Self::Reversed { attempt, by }.announced()),
                Some(_) => Err(Why::OtherAttempt),
                None => Err(Why::WrongState),
            };
        };
        let (settled, before) = match self {
            Self::Settled(settled) => (settled, Fen::ZERO),
            Self::Refunded(Refunded { settled, sum }) => (settled, sum),
            _ => return Err(Why::WrongState),
        };
        let sum = before.plus(amount).filter(|sum| *sum <= settled.amount).ok_or(Why::TooMuch)?;
        Ok(Self::Refunded(Refunded { settled, sum }).announced())
    }
}

impl Refused {
    pub(super) fn hear(self, attempt: AttemptId, what: &Heard, now: Timestamp) -> Next {
        // Two statements agree with the two persons: nothing is held any more.
        if self.held_since.is_some()
            && matches!(what, Heard::Declined { proof: Proof::Absence(_), .. })
        {
            return Ok((Payment::Refused(Self { held_since: None, ..self }), Vec::new()));
        }
        let Self { progress, diagnosis, .. } = self;
        progress.moved_all_the_same(attempt, diagnosis, what, now)
    }
}

impl AwaitingCode {
    /// What becomes of the message that asks for the code. Silence proves nothing: the code may
    /// have been sent all the same.
    pub(super) fn hear(mut self, what: Heard) -> Next {
        match what {
            Heard::CodeSent => {
                self.confirmed = true;
                Ok(Payment::AwaitingCode(self).announced())
            }
            Heard::Unknown { .. } => Ok((Payment::AwaitingCode(self), Vec::new())),
            Heard::CodeRefused { diagnosis } => {
                let Self { progress, .. } = self;
                let (attempt, held_since) = (None, None);
                let refused = Refused { progress, attempt, diagnosis, held_since };
                Ok(Payment::Refused(refused).announced())
            }
            _ => Err(Why::WrongState),
        }
    }
}
