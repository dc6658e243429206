//! The one order of all events: each gets its position soon after it is durable, after every
//! earlier event of its own subject, and no position is given twice or out of turn. Whoever reads
//! on from a position misses nothing.

use std::collections::BTreeMap;

use mingka_domain::effect::Subject;
use mingka_store::{CommitError, Unit, UnplacedEvent};

use crate::core::Engine;
use crate::error::EngineError;

/// How many events are looked at together. Of those that come first some may wait for others: these
/// have to be among them.
const LOOKED_AT_MAX: u32 = 500;
/// How many of them get their places in one unit: few enough that a payment that comes behind it
/// waits for about a millisecond.
const PLACED_MAX: usize = 100;

impl Engine {
    /// Gives positions to events that have none, and says how many those were. Several processes
    /// may do this at once: the end of the order is moved by one of them at a time.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn sequence(&self) -> Result<usize, EngineError> {
        // Read before the events: whatever gets a place in between moves it.
        let mut end = self.store().end_of_order().await?;
        let events = in_turn(self.store().unplaced_events(LOOKED_AT_MAX).await?);
        let mut count = 0_usize;
        for some in events.chunks(PLACED_MAX) {
            let to = end.saturating_add(i64::try_from(some.len()).unwrap_or(0));
            let places = (end.saturating_add(1)..).zip(some);
            let unit = Unit::new(UnplacedEvent::move_end(end, to))
                .writes(places.map(|(position, event)| event.place(position)))
                .behind();
            match self.store().commit(unit).await {
                Ok(_) => (end, count) = (to, count.saturating_add(some.len())),
                // Another process was quicker.
                Err(CommitError::Stale { .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(count)
    }
}

/// The events in the order in which they get their places: by their moments, and those of one
/// subject by their numbers even where a clock was set back between them. One whose predecessor is
/// not among them waits for it.
fn in_turn(events: Vec<UnplacedEvent>) -> Vec<UnplacedEvent> {
    let mut logs: BTreeMap<Subject, Vec<UnplacedEvent>> = BTreeMap::new();
    let turns: Vec<Subject> = events.iter().map(|event| event.subject).collect();
    for event in events {
        logs.entry(event.subject).or_default().push(event);
    }
    for log in logs.values_mut() {
        log.sort_by_key(|event| event.seq);
        let whole = log.iter().zip(0_i64..).take_while(|(event, n)| event.before_it == *n).count();
        log.truncate(whole);
        log.reverse();
    }
    turns.iter().filter_map(|subject| logs.get_mut(subject)?.pop()).collect()
}

#[cfg(test)]
mod tests {
    use mingka_domain::id::PaymentId;
    use mingka_domain::time::Timestamp;

    use super::*;

    fn event(subject: u8, seq: i64, at_ms: i64, before_it: i64) -> UnplacedEvent {
        let subject = Subject::from(PaymentId::new(Timestamp::from_millis(1), [subject; 10]));
        let id = subject.event_id(seq, Timestamp::from_millis(at_ms));
        UnplacedEvent { id, subject, seq, before_it }
    }

    fn seqs(events: Vec<UnplacedEvent>) -> Vec<i64> {
        in_turn(events).iter().map(|event| event.seq).collect()
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_turn_a_log_around() {
        let (a, b) = (1, 2);
        let events = vec![event(a, 12, 1, 1), event(b, 21, 2, 0), event(a, 11, 3, 0)];
        assert_eq!(seqs(events), [11, 21, 12]);
    }

    #[test]
    fn who_comes_before_its_predecessor_waits() {
        assert_eq!(seqs(vec![event(1, 12, 1, 1), event(2, 21, 2, 0)]), [21]);
        let events = vec![event(1, 11, 1, 0), event(1, 13, 2, 2), event(2, 21, 3, 0)];
        assert_eq!(seqs(events), [11, 21]);
    }
}
