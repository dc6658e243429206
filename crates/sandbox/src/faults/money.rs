//! Faults about money: how each makes the bank treat an order, and in which operations it can
//! happen.

use super::Fault;
use crate::bank::{Execution, Habit, Notice, Tale};

/// The operations that move money.
pub const MONEY_OPERATIONS: [&str; 4] = ["disburse", "collect", "refund", "undo"];
/// Fetching a statement.
pub const STATEMENT: &str = "statement";

impl Fault {
    /// How the bank treats an order because of it, where it is about that.
    #[must_use]
    pub fn habit(&self) -> Option<Habit> {
        let usual = Habit::default();
        let told = |tale| Habit { tale: Some(tale), ..usual };
        let announced = |notice| Habit { notice: Some(notice), ..usual };
        Some(match self {
            Self::SettleAfter { ms } => Habit { execution: Execution::After { ms: *ms }, ..usual },
            Self::RefusedLater { refusal } => Habit { refusal: Some(*refusal), ..usual },
            Self::NeverExecuted => Habit { execution: Execution::Never, ..usual },
            Self::UntilStatement => {
                Habit { execution: Execution::AtCutOff, ..told(Tale::InProgress) }
            }
            Self::NotFound { ms, executed_after_ms } => {
                let after = executed_after_ms.map(|ms| Execution::After { ms });
                Habit { execution: after.unwrap_or_default(), ..told(Tale::NotFound { ms: *ms }) }
            }
            Self::DeclinedThenSettled { refusal } => told(Tale::Refused { refusal: *refusal }),
            Self::SuspectedDuplicate => told(Tale::Suspected),
            Self::Returned { ms } => Habit { returned_after_ms: Some(*ms), ..usual },
            Self::BookedNextDay => Habit { next_day: true, ..usual },
            Self::DuplicateNotification => announced(Notice::Twice),
            Self::NotificationFirst => announced(Notice::BeforeAnswer),
            Self::NotificationForAnother => announced(Notice::ForAnother),
            Self::NotificationForged => announced(Notice::Forged),
            Self::NoNotification => announced(Notice::Never),
            _ => return None,
        })
    }

    /// Whether it can happen in this operation.
    #[must_use]
    pub fn fits(&self, operation: &str) -> bool {
        let statement = matches!(
            self,
            Self::StatementLate | Self::StatementIncomplete { .. } | Self::StatementCut { .. }
        );
        match self {
            _ if statement || operation == STATEMENT => statement && operation == STATEMENT,
            Self::Returned { .. } => operation == "disburse",
            Self::WrongCertificate { .. } => operation == "refresh_certificate",
            Self::DuplicateNotification => true,
            _ => self.habit().is_none() || MONEY_OPERATIONS.contains(&operation),
        }
    }
}
