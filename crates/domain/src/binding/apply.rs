//! The table: which event leads from which state to which, and what is to be done then.

use super::{
    Active, AwaitingCode, Binding, Checked, CodeEvent, ConfirmEvent, Confirming, Delivery,
    Doubtful, Event, InFlight, InvalidTransition, Progress, Terms, Why,
};
use crate::diagnosis::Diagnosis;
use crate::effect::Effect;
use crate::id::AttemptId;
use crate::time::Timestamp;

pub(super) type Next = Result<(Binding, Vec<Effect>), Why>;

impl Binding {
    /// A binding that was just opened, as the event [`Event::Opened`] tells it.
    #[must_use]
    pub fn open(terms: Terms, now: Timestamp) -> Self {
        let expires_at = now.plus_ms(terms.valid_ms);
        Self::Checked(Checked {
            progress: Progress { terms, expires_at, sends: 0, wrong_codes: 0 },
            sending: None,
            resend_after: now,
            problem: None,
        })
    }

    /// The state a log begins with: an opened binding, or one that was stated. `None` when no log
    /// begins with this event.
    #[must_use]
    pub fn begin(first: &Event, at: Timestamp) -> Option<Self> {
        match first {
            Event::Opened { terms } => Some(Self::open(terms.clone(), at)),
            Event::Stated { instrument, .. } => {
                Some(Self::Active(Active { instrument: *instrument, problem: None }))
            }
            _ => None,
        }
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
            Event::Opened { .. } | Event::Stated { .. } => Err(Why::WrongState),
            Event::Withdrawn => self.withdraw(),
            Event::Code { attempt, what } => self.code(attempt, what, now),
            Event::Confirm { attempt, what } => self.confirm(attempt, what, now),
            Event::DoubtStayed { diagnosis } => self.doubt_stayed(diagnosis, now),
            Event::TimeOver => self.time_over(now),
            Event::CancelRequested => self.cancel(),
            Event::Unbind { attempt, what } => self.unbind(attempt, what, now),
            Event::Stray { .. } => self.stray(),
        };
        next.map_err(|why| InvalidTransition { state, event: name, why })
    }

    /// The state a whole event log leads to.
    ///
    /// # Errors
    /// A log that does not begin with `Opened` or `Stated`, or whose events do not follow one
    /// another.
    pub fn replay<I>(log: I) -> Result<Self, InvalidTransition>
    where
        I: IntoIterator<Item = (Event, Timestamp)>,
    {
        let mut log = log.into_iter();
        let first = log.next().and_then(|(event, at)| Self::begin(&event, at));
        let first = first.ok_or(InvalidTransition {
            state: "nothing",
            event: "other than opened or stated",
            why: Why::WrongState,
        })?;
        log.try_fold(first, |state, (event, at)| state.apply(event, at).map(|(state, _)| state))
    }

    fn code(self, attempt: AttemptId, what: CodeEvent, now: Timestamp) -> Next {
        match (self, what) {
            (Self::Checked(checked), CodeEvent::Requested) => checked.request(attempt, now),
            (Self::Checked(checked), what) => checked.hear(attempt, what, now),
            (Self::AwaitingCode(awaiting), CodeEvent::Requested) => awaiting.request(attempt, now),
            (Self::AwaitingCode(awaiting), what) => awaiting.hear_code(attempt, what, now),
            _ => Err(Why::WrongState),
        }
    }

    fn confirm(self, attempt: AttemptId, what: ConfirmEvent, now: Timestamp) -> Next {
        match (self, what) {
            (Self::AwaitingCode(awaiting), ConfirmEvent::Entered) => awaiting.enter(attempt, now),
            // A confirmation that had been given up took effect after all, and is still wanted.
            (Self::AwaitingCode(_), ConfirmEvent::Agreed { instrument }) => {
                announce(Self::Active(Active { instrument, problem: None }))
            }
            (Self::Confirming(confirming), what) => {
                check(confirming.attempt == attempt, Why::OtherAttempt)?;
                confirming.hear(what, now)
            }
            (Self::Doubtful(doubtful), what) => {
                check(doubtful.attempt == attempt, Why::OtherAttempt)?;
                doubtful.hear(what, now)
            }
            _ => Err(Why::WrongState),
        }
    }

    fn doubt_stayed(self, diagnosis: Diagnosis, now: Timestamp) -> Next {
        match self {
            Self::Doubtful(doubtful) => {
                check(now >= doubtful.deadline, Why::TooEarly(doubtful.deadline))?;
                // A clock that jumped must not end a doubt that nobody asked about.
                check(doubtful.inquiries > 0, Why::TooEarly(doubtful.inquire_at))?;
                announce(Self::Refused { diagnosis })
            }
            _ => Err(Why::WrongState),
        }
    }

    fn time_over(self, now: Timestamp) -> Next {
        match self {
            Self::Checked(Checked { progress, sending, .. })
            | Self::AwaitingCode(AwaitingCode { progress, sending, .. }) => {
                check(sending.is_none(), Why::Busy)?;
                check(now >= progress.expires_at, Why::TooEarly(progress.expires_at))?;
                announce(Self::Expired)
            }
            _ => Err(Why::WrongState),
        }
    }

    /// A code on its way to the borrower does no harm; a code on its way to the bank may, so a
    /// binding that is confirming or doubtful cannot be cancelled.
    fn cancel(self) -> Next {
        match self {
            Self::Checked(_) | Self::AwaitingCode(_) => announce(Self::Cancelled),
            Self::Confirming(_) | Self::Doubtful(_) | Self::Unbinding(_) => Err(Why::Busy),
            _ => Err(Why::WrongState),
        }
    }
}

impl Binding {
    /// Whoever calls this knows that no bank has an agreement.
    fn withdraw(self) -> Next {
        match self {
            Self::Active(_) => announce(Self::Unbound),
            _ => Err(Why::WrongState),
        }
    }

    /// A stray agreement changes nothing in what was told; it stands in the log.
    fn stray(self) -> Next {
        match self {
            Self::Refused { .. }
            | Self::Expired
            | Self::Cancelled
            | Self::Active(_)
            | Self::Unbinding(_)
            | Self::Unbound => announce(self),
            _ => Err(Why::WrongState),
        }
    }
}

impl Checked {
    fn request(self, attempt: AttemptId, now: Timestamp) -> Next {
        may_request(&self.progress, self.sending, self.resend_after, now)?;
        let sending = Some(InFlight { attempt, since: now });
        send(attempt, Binding::Checked(Self { sending, problem: None, ..self }))
    }

    fn hear(self, attempt: AttemptId, what: CodeEvent, now: Timestamp) -> Next {
        check(under_way(self.sending, attempt), Why::OtherAttempt)?;
        match what {
            CodeEvent::Requested => Err(Why::Busy),
            CodeEvent::Sent => {
                announce(awaiting(self.progress, attempt, Delivery::Confirmed, None, now))
            }
            CodeEvent::Unconfirmed { diagnosis } => {
                let problem = Some(diagnosis);
                announce(awaiting(self.progress, attempt, Delivery::Unconfirmed, problem, now))
            }
            CodeEvent::NotSent { diagnosis, wait_ms } => announce(Binding::Checked(Self {
                sending: None,
                resend_after: now.plus_ms(wait_ms),
                problem: Some(diagnosis),
                ..self
            })),
            CodeEvent::Refused { diagnosis } => announce(Binding::Refused { diagnosis }),
        }
    }
}

impl AwaitingCode {
    fn request(self, attempt: AttemptId, now: Timestamp) -> Next {
        may_request(&self.progress, self.sending, self.resend_after, now)?;
        let sending = Some(InFlight { attempt, since: now });
        send(attempt, Binding::AwaitingCode(Self { sending, problem: None, ..self }))
    }

    /// The earlier code stays usable until the bank may have sent another one: then that one counts.
    fn hear_code(self, attempt: AttemptId, what: CodeEvent, now: Timestamp) -> Next {
        check(under_way(self.sending, attempt), Why::OtherAttempt)?;
        match what {
            CodeEvent::Requested => Err(Why::Busy),
            CodeEvent::Sent => {
                announce(awaiting(self.progress, attempt, Delivery::Confirmed, None, now))
            }
            CodeEvent::Unconfirmed { diagnosis } => {
                let problem = Some(diagnosis);
                announce(awaiting(self.progress, attempt, Delivery::Unconfirmed, problem, now))
            }
            CodeEvent::NotSent { diagnosis, wait_ms } => announce(Binding::AwaitingCode(Self {
                sending: None,
                resend_after: now.plus_ms(wait_ms),
                problem: Some(diagnosis),
                ..self
            })),
            CodeEvent::Refused { diagnosis } => announce(Binding::Refused { diagnosis }),
        }
    }

    fn enter(self, attempt: AttemptId, now: Timestamp) -> Next {
        check(self.sending.is_none(), Why::Busy)?;
        check(now < self.progress.expires_at, Why::TimeOver)?;
        check(now < self.code_expires_at, Why::CodeOver)?;
        let awaiting = Self { problem: None, ..self };
        send(attempt, Binding::Confirming(Confirming { awaiting, attempt, since: now }))
    }

    /// A wrong code is counted; the last one allowed ends the binding.
    fn wrong(mut self, diagnosis: Diagnosis, too_many: Diagnosis) -> Next {
        self.progress.wrong_codes = self.progress.wrong_codes.saturating_add(1);
        if self.progress.wrong_codes >= self.progress.terms.wrong_codes_max {
            return announce(Binding::Refused { diagnosis: too_many });
        }
        announce(Binding::AwaitingCode(Self { problem: Some(diagnosis), ..self }))
    }

    /// This code is spent, whatever became of it: only another one leads on, and at once.
    fn over(self, diagnosis: Diagnosis, now: Timestamp) -> Next {
        let problem = Some(diagnosis);
        announce(Binding::AwaitingCode(Self {
            code_expires_at: now,
            resend_after: now,
            problem,
            ..self
        }))
    }
}

impl Confirming {
    fn hear(self, what: ConfirmEvent, now: Timestamp) -> Next {
        match what {
            ConfirmEvent::Agreed { instrument } => {
                announce(Binding::Active(Active { instrument, problem: None }))
            }
            ConfirmEvent::CodeWrong { diagnosis, too_many } => {
                self.awaiting.wrong(diagnosis, too_many)
            }
            ConfirmEvent::CodeOver { diagnosis } => self.awaiting.over(diagnosis, now),
            ConfirmEvent::NotSent { diagnosis } => {
                let problem = Some(diagnosis);
                announce(Binding::AwaitingCode(AwaitingCode { problem, ..self.awaiting }))
            }
            ConfirmEvent::Refused { diagnosis } => announce(Binding::Refused { diagnosis }),
            ConfirmEvent::Doubted { diagnosis } => {
                let terms = &self.awaiting.progress.terms;
                let inquire_at = now.plus_ms(terms.inquiry_delay_ms(0));
                let deadline = now.plus_ms(terms.doubt_ms);
                let doubtful = Doubtful {
                    awaiting: self.awaiting,
                    attempt: self.attempt,
                    since: now,
                    deadline,
                    inquiries: 0,
                    not_found: 0,
                    inquire_at,
                    diagnosis,
                };
                announce(Binding::Doubtful(doubtful))
            }
            ConfirmEvent::Entered => Err(Why::Busy),
            ConfirmEvent::StillOpen | ConfirmEvent::NotFound { .. } => Err(Why::WrongState),
        }
    }
}

impl Doubtful {
    fn hear(self, what: ConfirmEvent, now: Timestamp) -> Next {
        match what {
            ConfirmEvent::Agreed { instrument } => {
                announce(Binding::Active(Active { instrument, problem: None }))
            }
            ConfirmEvent::CodeWrong { diagnosis, too_many } => {
                self.awaiting.wrong(diagnosis, too_many)
            }
            ConfirmEvent::CodeOver { diagnosis } => self.awaiting.over(diagnosis, now),
            ConfirmEvent::Refused { diagnosis } => announce(Binding::Refused { diagnosis }),
            ConfirmEvent::StillOpen => self.ask_again(now),
            ConfirmEvent::NotFound { diagnosis } => {
                let heard = Self { not_found: self.not_found.saturating_add(1), ..self };
                if heard.not_found_is_proof(now) {
                    return heard.awaiting.over(diagnosis, now);
                }
                heard.ask_again(now)
            }
            ConfirmEvent::Entered | ConfirmEvent::Doubted { .. } => Err(Why::Busy),
            // The bytes may have left: nobody can say any more that they did not.
            ConfirmEvent::NotSent { .. } => Err(Why::WrongState),
        }
    }

    fn not_found_is_proof(&self, now: Timestamp) -> bool {
        let terms = &self.awaiting.progress.terms;
        now.since_ms(self.since) >= terms.settling_ms && self.not_found >= terms.not_found_min
    }

    fn ask_again(self, now: Timestamp) -> Next {
        let inquiries = self.inquiries.saturating_add(1);
        let delay_ms = self.awaiting.progress.terms.inquiry_delay_ms(inquiries);
        // The last inquiry falls on the deadline, not long after it.
        let planned = now.plus_ms(delay_ms);
        let inquire_at = if now < self.deadline { planned.min(self.deadline) } else { planned };
        Ok((Binding::Doubtful(Self { inquiries, inquire_at, ..self }), Vec::new()))
    }
}

/// The state after a request for a code that the bank may have followed.
fn awaiting(
    progress: Progress,
    order: AttemptId,
    delivery: Delivery,
    problem: Option<Diagnosis>,
    now: Timestamp,
) -> Binding {
    let resend_after = now.plus_ms(progress.terms.resend_after_ms);
    let code_expires_at = now.plus_ms(progress.terms.code_valid_ms);
    let progress = Progress { sends: progress.sends.saturating_add(1), ..progress };
    Binding::AwaitingCode(AwaitingCode {
        progress,
        order,
        delivery,
        resend_after,
        code_expires_at,
        sending: None,
        problem,
    })
}

fn may_request(
    progress: &Progress,
    sending: Option<InFlight>,
    resend_after: Timestamp,
    now: Timestamp,
) -> Result<(), Why> {
    check(sending.is_none(), Why::Busy)?;
    check(now < progress.expires_at, Why::TimeOver)?;
    check(progress.sends < progress.terms.sends_max, Why::TooMany)?;
    check(now >= resend_after, Why::TooEarly(resend_after))
}

fn under_way(sending: Option<InFlight>, attempt: AttemptId) -> bool {
    sending.is_some_and(|sending| sending.attempt == attempt)
}

pub(super) fn send(attempt: AttemptId, next: Binding) -> Next {
    Ok((next, vec![Effect::Send(attempt), Effect::Announce]))
}

pub(super) fn announce(next: Binding) -> Next {
    Ok((next, vec![Effect::Announce]))
}

pub(super) fn check(holds: bool, otherwise: Why) -> Result<(), Why> {
    if holds { Ok(()) } else { Err(otherwise) }
}
