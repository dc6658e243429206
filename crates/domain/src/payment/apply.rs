//! The table: which event leads a payment from which state to which, and what is to be done then.

use super::{
    Accepted, AwaitingCode, Doubtful, Event, Heard, InFlight, InvalidTransition, Payment, Progress,
    Proof, Refused, Review, ReviewReason, Settled, Terms, WaitReason, Waiting, Why,
};
use crate::cause::known;
use crate::diagnosis::Diagnosis;
use crate::effect::Effect;
use crate::id::AttemptId;
use crate::money::Fen;
use crate::time::Timestamp;

pub(super) type Next = Result<(Payment, Vec<Effect>), Why>;

impl Payment {
    /// A payment that was just taken on, as the event [`Event::Opened`] tells it.
    #[must_use]
    pub const fn open(terms: Terms, now: Timestamp) -> Self {
        Self::Accepted(Accepted { progress: Progress { terms, attempts: 0 }, since: now })
    }

    /// The state after `event`, and what is to be done once it is durable.
    ///
    /// # Errors
    /// A step that is not on the table changes nothing and says why.
    pub fn apply(
        self,
        event: Event,
        now: Timestamp,
    ) -> Result<(Self, Vec<Effect>), InvalidTransition> {
        let (state, name) = (self.name(), event.name());
        let next = match event {
            Event::Opened { .. } => Err(Why::WrongState),
            Event::Deferred { until, why } => self.nothing_begun().map(|(progress, diagnosis)| {
                Self::Waiting(Waiting { progress, until, why, diagnosis }).announced()
            }),
            Event::CodeAsked { attempt } => self.ask_for_code(attempt),
            Event::Sent { attempt } => self.send(attempt, now),
            Event::Heard { attempt, what } => self.hear(attempt, what, now),
            Event::Decided { attempt, decision, moved, diagnosis } => {
                self.decide(attempt, &decision, moved.then_some(()).ok_or(diagnosis), now)
            }
            Event::Found { attempt, proof, amount } => {
                self.nothing_begun().map(|_| settled(attempt, proof, amount, now))
            }
            Event::GivenBack { by, amount, attempt } => self.give_back(by, amount, attempt),
            Event::Cancelled => self.nothing_begun().map(|_| Self::Cancelled.announced()),
            Event::Lapsed { diagnosis } => self.lapse(diagnosis, now),
        };
        next.map_err(|why| InvalidTransition { state, event: name, why })
    }

    /// The state a whole event log leads to.
    ///
    /// # Errors
    /// A log that does not begin with `Opened`, or whose events do not follow one another.
    pub fn replay<I>(log: I) -> Result<Self, InvalidTransition>
    where
        I: IntoIterator<Item = (Event, Timestamp)>,
    {
        let mut log = log.into_iter();
        let Some((Event::Opened { terms }, opened_at)) = log.next() else {
            return Err(InvalidTransition {
                state: "nothing",
                event: "other than opened",
                why: Why::WrongState,
            });
        };
        log.try_fold(Self::open(terms, opened_at), |state, (event, at)| {
            state.apply(event, at).map(|(state, _)| state)
        })
    }

    /// What is carried along by a payment of which nothing is under way.
    fn nothing_begun(self) -> Result<(Progress, Option<Diagnosis>), Why> {
        match self {
            Self::Accepted(accepted) => Ok((accepted.progress, None)),
            Self::AwaitingCode(awaiting) => Ok((awaiting.progress, None)),
            Self::Waiting(waiting) => Ok((waiting.progress, waiting.diagnosis)),
            _ => Err(Why::WrongState),
        }
    }

    fn ask_for_code(self, order: AttemptId) -> Next {
        match self {
            Self::Accepted(Accepted { progress, .. }) if progress.terms.customer_present => {
                let awaiting = AwaitingCode { progress, order, confirmed: false };
                let effects = vec![Effect::Send(order), Effect::Announce];
                Ok((Self::AwaitingCode(awaiting), effects))
            }
            _ => Err(Why::WrongState),
        }
    }

    fn send(self, attempt: AttemptId, now: Timestamp) -> Next {
        if let Self::Waiting(waiting) = &self
            && now < waiting.until
        {
            return Err(Why::TooEarly(waiting.until));
        }
        let has_code = matches!(self, Self::AwaitingCode(_));
        let (mut progress, _) = self.nothing_begun()?;
        if progress.terms.customer_present != has_code {
            return Err(Why::WrongState);
        }
        if now >= progress.terms.valid_until {
            return Err(Why::TimeOver);
        }
        if progress.attempts >= progress.terms.attempts_max {
            return Err(Why::TooMany);
        }
        progress.attempts = progress.attempts.saturating_add(1);
        let inquire_at = now.plus_ms(progress.terms.exchange_ms);
        let flying =
            InFlight { progress, attempt, since: now, pending: false, inquiries: 0, inquire_at };
        Ok((Self::InFlight(flying), vec![Effect::Send(attempt), Effect::Announce]))
    }

    fn lapse(self, diagnosis: Diagnosis, now: Timestamp) -> Next {
        let (progress, _) = self.nothing_begun()?;
        if now < progress.terms.valid_until {
            return Err(Why::TooEarly(progress.terms.valid_until));
        }
        let refused = Refused { progress, attempt: None, diagnosis, held_since: None };
        Ok(Self::Refused(refused).announced())
    }

    fn hear(self, attempt: AttemptId, what: Heard, now: Timestamp) -> Next {
        match self {
            Self::AwaitingCode(awaiting) if awaiting.order == attempt => awaiting.hear(what),
            Self::InFlight(flying) if flying.attempt == attempt => flying.hear(what, now),
            Self::Doubtful(doubtful) if doubtful.attempt == attempt => doubtful.hear(what, now),
            Self::Review(review) if review.attempt == attempt => review.hear(what, now),
            Self::Settled(settled) if settled.attempt == attempt => match what {
                Heard::Returned { diagnosis } => {
                    Ok(Self::Returned { attempt, diagnosis }.announced())
                }
                _ => Err(Why::WrongState),
            },
            // Its last attempt, or any earlier one of which a statement says that it moved.
            Self::Refused(refused)
                if refused.attempt == Some(attempt) || matches!(what, Heard::Settled { .. }) =>
            {
                refused.hear(attempt, &what, now)
            }
            // An earlier attempt, declined: no other is made before people have looked.
            Self::Waiting(Waiting { progress, diagnosis: Some(diagnosis), .. }) => {
                progress.moved_all_the_same(attempt, diagnosis, &what, now)
            }
            Self::InFlight(_) | Self::Doubtful(_) | Self::Review(_) | Self::Settled(_) => {
                Err(Why::OtherAttempt)
            }
            _ => Err(Why::WrongState),
        }
    }

    pub(super) fn announced(self) -> (Self, Vec<Effect>) {
        (self, vec![Effect::Announce])
    }
}

impl InFlight {
    fn hear(mut self, what: Heard, now: Timestamp) -> Next {
        match what {
            Heard::Settled { proof, amount } => Ok(settled(self.attempt, proof, amount, now)),
            Heard::Declined { diagnosis, again_at, .. } => {
                Ok(self.progress.declined(self.attempt, diagnosis, again_at, now))
            }
            Heard::NotSent { .. } if self.pending => Err(Why::NotProven),
            // The code was for this very message: another needs another code.
            Heard::NotSent { diagnosis, .. } if self.progress.terms.customer_present => {
                Ok(self.progress.declined(self.attempt, diagnosis, None, now))
            }
            Heard::NotSent { diagnosis, again_at } => {
                self.progress.attempts = self.progress.attempts.saturating_sub(1);
                Ok(self.progress.wait(again_at, WaitReason::NotSent, diagnosis))
            }
            Heard::Pending { diagnosis }
            | Heard::StillOpen { diagnosis }
            | Heard::NotFound { diagnosis }
                if self.pending_for_too_long(now) =>
            {
                Ok(self.doubt(diagnosis, now))
            }
            Heard::Pending { .. } => {
                self.inquire_at = now.plus_ms(self.progress.terms.inquiry_delay_ms(self.inquiries));
                self.inquiries = self.inquiries.saturating_add(u32::from(self.pending));
                self.pending = true;
                Ok(Payment::InFlight(self).announced())
            }
            // "Not found" about what the bank itself called pending proves less than nothing.
            Heard::StillOpen { .. } | Heard::NotFound { .. } if self.pending => {
                self.inquiries = self.inquiries.saturating_add(1);
                self.inquire_at = now.plus_ms(self.progress.terms.inquiry_delay_ms(self.inquiries));
                Ok((Payment::InFlight(self), Vec::new()))
            }
            Heard::Unknown { diagnosis } => Ok(self.doubt(diagnosis, now)),
            Heard::SuspectedDuplicate { diagnosis } => Ok(Payment::Review(Review {
                inquire_at: now.plus_ms(self.progress.terms.inquiry_delay_ms(0)),
                progress: self.progress,
                attempt: self.attempt,
                since: self.since,
                why: ReviewReason::SuspectedDuplicate,
                inquiries: 0,
                diagnosis,
            })
            .announced()),
            Heard::StillOpen { .. }
            | Heard::NotFound { .. }
            | Heard::Returned { .. }
            | Heard::CodeSent
            | Heard::CodeRefused { .. } => Err(Why::WrongState),
        }
    }

    fn pending_for_too_long(&self, now: Timestamp) -> bool {
        self.pending && now.since_ms(self.since) >= self.progress.terms.pending_ms
    }

    fn doubt(self, diagnosis: Diagnosis, now: Timestamp) -> (Payment, Vec<Effect>) {
        let terms = &self.progress.terms;
        let (deadline, inquire_at) =
            (now.plus_ms(terms.doubt_ms), now.plus_ms(terms.inquiry_delay_ms(0)));
        Payment::Doubtful(Doubtful {
            attempt: self.attempt,
            since: self.since,
            deadline,
            inquiries: 0,
            not_found: 0,
            inquire_at,
            diagnosis,
            progress: self.progress,
        })
        .announced()
    }
}

impl Doubtful {
    fn hear(mut self, what: Heard, now: Timestamp) -> Next {
        match what {
            Heard::Settled { proof, amount } => Ok(settled(self.attempt, proof, amount, now)),
            Heard::Declined { diagnosis, again_at, .. } => {
                Ok(self.progress.declined(self.attempt, diagnosis, again_at, now))
            }
            Heard::NotFound { diagnosis } => {
                self.not_found = self.not_found.saturating_add(1);
                if self.absence_is_final(now) {
                    let again_at = self.progress.another_is_left().then_some(now);
                    return Ok(self.progress.declined(self.attempt, diagnosis, again_at, now));
                }
                Ok(self.asked(None, now))
            }
            Heard::StillOpen { diagnosis } | Heard::Pending { diagnosis } => {
                Ok(self.asked(Some(diagnosis), now))
            }
            // Once the bytes may have left, nobody can say they did not.
            Heard::NotSent { .. } => Err(Why::NotProven),
            _ => Err(Why::WrongState),
        }
    }

    fn absence_is_final(&self, now: Timestamp) -> bool {
        let terms = &self.progress.terms;
        now.since_ms(self.since) >= terms.settling_ms && self.not_found >= terms.not_found_min
    }

    /// An inquiry that proved nothing: the next one later, and people once the deadline is over.
    fn asked(mut self, diagnosis: Option<Diagnosis>, now: Timestamp) -> (Payment, Vec<Effect>) {
        self.inquiries = self.inquiries.saturating_add(1);
        self.inquire_at = now.plus_ms(self.progress.terms.inquiry_delay_ms(self.inquiries));
        if let Some(diagnosis) = diagnosis {
            self.diagnosis = diagnosis;
        }
        if now < self.deadline {
            return (Payment::Doubtful(self), Vec::new());
        }
        Payment::Review(Review {
            progress: self.progress,
            attempt: self.attempt,
            since: self.since,
            why: ReviewReason::Unproven,
            inquiries: self.inquiries,
            inquire_at: self.inquire_at,
            diagnosis: self.diagnosis,
        })
        .announced()
    }
}

impl Review {
    fn hear(mut self, what: Heard, now: Timestamp) -> Next {
        match what {
            Heard::Settled { proof, amount } => Ok(settled(self.attempt, proof, amount, now)),
            // After a statement has shown the money, no answer takes it back.
            Heard::Declined { .. } if self.why == ReviewReason::SettledAfterRefusal => {
                Err(Why::NotProven)
            }
            // No further attempt comes by itself once people have had to look.
            Heard::Declined { diagnosis, .. } => {
                Ok(self.progress.declined(self.attempt, diagnosis, None, now))
            }
            Heard::StillOpen { .. } | Heard::NotFound { .. } | Heard::Pending { .. } => {
                self.inquiries = self.inquiries.saturating_add(1);
                self.inquire_at = now.plus_ms(self.progress.terms.inquiry_delay_ms(self.inquiries));
                Ok((Payment::Review(self), Vec::new()))
            }
            Heard::NotSent { .. } => Err(Why::NotProven),
            _ => Err(Why::WrongState),
        }
    }
}

impl Progress {
    /// What was declined stays declined, until a statement says that the money moved all the same.
    /// Somebody was told that nothing had moved, and may have acted on it: people decide.
    pub(super) fn moved_all_the_same(
        self,
        attempt: AttemptId,
        diagnosis: Diagnosis,
        what: &Heard,
        now: Timestamp,
    ) -> Next {
        let Heard::Settled { proof: Proof::Statement(_), .. } = what else {
            return Err(Why::WrongState);
        };
        Ok(Payment::Review(Review {
            inquire_at: now.plus_ms(self.terms.inquiry_delay_ms(0)),
            progress: self,
            attempt,
            since: now,
            why: ReviewReason::SettledAfterRefusal,
            inquiries: 0,
            diagnosis,
        })
        .announced())
    }

    fn another_is_left(&self) -> bool {
        self.attempts < self.terms.attempts_max
    }

    fn declined(
        self,
        attempt: AttemptId,
        diagnosis: Diagnosis,
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> (Payment, Vec<Effect>) {
        // The merchant account's own money did not reach: it waits for that, however often.
        if let Some(again_at) = again_at
            && diagnosis.causes == [known::PLATFORM_BALANCE]
            && now < self.terms.valid_until
        {
            let attempts = self.attempts.saturating_sub(1);
            return Self { attempts, ..self }.wait(again_at, WaitReason::Balance, diagnosis);
        }
        let in_time = |at: &Timestamp| *at < self.terms.valid_until && now < self.terms.valid_until;
        match again_at.filter(in_time).filter(|_| self.another_is_left()) {
            Some(again_at) => self.wait(again_at, WaitReason::SoftDecline, diagnosis),
            None => {
                let (attempt, held_since) = (Some(attempt), None);
                let refused = Refused { progress: self, attempt, diagnosis, held_since };
                Payment::Refused(refused).announced()
            }
        }
    }

    fn wait(
        self,
        until: Timestamp,
        why: WaitReason,
        diagnosis: Diagnosis,
    ) -> (Payment, Vec<Effect>) {
        let waiting = Waiting { progress: self, until, why, diagnosis: Some(diagnosis) };
        Payment::Waiting(waiting).announced()
    }
}

pub(super) fn settled(
    attempt: AttemptId,
    proof: Proof,
    amount: Fen,
    now: Timestamp,
) -> (Payment, Vec<Effect>) {
    Payment::Settled(Settled { attempt, amount, proof, at: now }).announced()
}
