//! The part of the table about ending an agreement: an ending that was lost is inquired about, and
//! repeated only once the earlier request can no longer be on its way.

use super::apply::{Next, announce, check, send};
use super::{Active, Binding, Terms, UnbindEvent, Unbinding, Why};
use crate::id::{AttemptId, InstrumentId};
use crate::time::Timestamp;

impl Binding {
    pub(super) fn unbind(self, attempt: AttemptId, what: UnbindEvent, now: Timestamp) -> Next {
        match (self, what) {
            (Self::Active(active), UnbindEvent::Requested { terms }) => {
                Unbinding::request(active.instrument, terms, attempt, false, now)
            }
            // Ending what is ended does no harm, so an ending that the bank never took is repeated,
            // but only once nothing can be on its way any more.
            (Self::Unbinding(unbinding), UnbindEvent::Requested { terms }) => {
                let settled_at = unbinding.since.plus_ms(unbinding.terms.settling_ms);
                check(unbinding.doubtful, Why::Busy)?;
                check(now >= settled_at, Why::TooEarly(settled_at))?;
                Unbinding::request(unbinding.instrument, terms, attempt, true, now)
            }
            (Self::Unbinding(unbinding), what) => {
                check(unbinding.attempt == attempt, Why::OtherAttempt)?;
                unbinding.hear(what, now)
            }
            _ => Err(Why::WrongState),
        }
    }
}

impl Unbinding {
    fn request(
        instrument: InstrumentId,
        terms: Terms,
        attempt: AttemptId,
        unproven: bool,
        now: Timestamp,
    ) -> Next {
        let inquire_at = now.plus_ms(terms.exchange_ms);
        let next = Self {
            instrument,
            terms,
            attempt,
            since: now,
            doubtful: false,
            unproven,
            refusal: None,
            inquiries: 0,
            inquire_at,
        };
        send(attempt, Binding::Unbinding(next))
    }

    fn hear(self, what: UnbindEvent, now: Timestamp) -> Next {
        match what {
            UnbindEvent::Requested { .. } => Err(Why::Busy),
            UnbindEvent::Ended => announce(Binding::Unbound),
            UnbindEvent::NotSent { .. } if self.unproven => self.ask_again(now),
            // The earlier request may be why this one was refused: the agreement itself tells.
            UnbindEvent::NotEnded { diagnosis } if self.unproven => {
                Self { refusal: Some(diagnosis), ..self }.ask_again(now)
            }
            UnbindEvent::StillActive => {
                check(self.refusal.is_some(), Why::Busy)?;
                let Self { instrument, refusal: problem, .. } = self;
                announce(Binding::Active(Active { instrument, problem }))
            }
            UnbindEvent::NotEnded { diagnosis } | UnbindEvent::NotSent { diagnosis } => {
                announce(Binding::Active(Active {
                    instrument: self.instrument,
                    problem: Some(diagnosis),
                }))
            }
            UnbindEvent::Doubted | UnbindEvent::StillOpen => self.ask_again(now),
        }
    }

    fn ask_again(self, now: Timestamp) -> Next {
        let inquiries = self.inquiries.saturating_add(u32::from(self.doubtful));
        let inquire_at = now.plus_ms(self.terms.inquiry_delay_ms(inquiries));
        let next = Self { doubtful: true, inquiries, inquire_at, ..self };
        Ok((Binding::Unbinding(next), Vec::new()))
    }
}
