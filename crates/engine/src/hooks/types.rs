//! The types of events platforms are told of, and what an endpoint may choose among them.

/// Every type, as the interface documents them. A type is what it is about and the state it is in
/// from then on.
pub const EVENT_TYPES: &[&str] = &[
    "binding.checked",
    "binding.awaiting_code",
    "binding.confirming",
    "binding.doubtful",
    "binding.active",
    "binding.refused",
    "binding.expired",
    "binding.cancelled",
    "binding.unbinding",
    "binding.unbound",
    "instrument.active",
    "instrument.unbinding",
    "instrument.unbound",
    "verification.verifying",
    "verification.confirmed",
    "verification.refused",
    "verification.unresolved",
    "verification.doubtful",
    "payment.accepted",
    "payment.awaiting_code",
    "payment.waiting",
    "payment.in_flight",
    "payment.doubtful",
    "payment.review",
    "payment.settled",
    "payment.refused",
    "payment.returned",
    "payment.refunded",
    "payment.reversed",
    "payment.cancelled",
    "endpoint.disabled",
    "endpoint.enabled",
];

/// The type of a trial delivery. It is no event: no feed has it and no filter needs it.
pub(super) const TRIAL: &str = "endpoint.trial";

/// Whether a filter may say this: a type, a group such as `payment.*`, or `*`.
pub(super) fn is_choice(text: &str) -> bool {
    text == "*"
        || EVENT_TYPES.iter().any(|known| {
            *known == text
                || text.strip_suffix(".*").is_some_and(|group| {
                    known.split_once('.').is_some_and(|(first, _)| first == group)
                })
        })
}

/// Whether one of the choices, with spaces between, takes this type.
pub(super) fn chooses(choices: &str, event_type: &str) -> bool {
    choices.split(' ').any(|choice| {
        choice == "*"
            || choice == event_type
            || choice.strip_suffix('*').is_some_and(|group| event_type.starts_with(group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_what_it_names_and_nothing_else() {
        assert!(chooses("*", "payment.settled"));
        assert!(chooses("binding.active payment.settled", "payment.settled"));
        assert!(chooses("payment.*", "payment.settled"));
        assert!(!chooses("payment.*", "binding.active"));
        assert!(!chooses("payment.settled", "payment.settled_late"));
        assert!(!chooses("", "payment.settled"));
    }

    #[test]
    fn only_what_exists_can_be_chosen() {
        for good in ["*", "payment.*", "instrument.*", "payment.settled", "endpoint.disabled"] {
            assert!(is_choice(good), "{good}");
        }
        for bad in ["", "payment", "payment.", "pay.*", "payment.s*", "payment.paid", "**", "* "] {
            assert!(!is_choice(bad), "{bad}");
        }
    }
}
