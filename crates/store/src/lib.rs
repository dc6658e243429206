//! The records, concretely, on SQLite or PostgreSQL: units that are guarded, committed together,
//! then performed; leases; lists by cursor. SQL stands only in this crate, one text for both
//! engines.
//!
//! No clear value of a person comes here: what is personal arrives sealed or as a keyed index. This
//! crate reads no clock and decides nothing; it says what became durable.

mod agreement;
mod api_key;
mod approval;
mod attempt;
mod balance;
mod batch;
mod binding;
mod budget;
mod certificate;
mod consent;
mod cursor;
mod delivery;
mod endpoint;
mod event;
mod evidence;
mod fault;
mod floor;
mod idempotency;
mod instrument;
mod keys;
mod lender;
mod limit;
mod mandate;
mod migrate;
mod open;
mod payment;
mod platform;
mod postgres;
mod principal;
mod quota;
mod read;
mod reseal;
mod restore;
mod session;
mod sqlite;
mod stated;
mod statement;
mod step;
mod stop;
mod store;
#[cfg(feature = "tamper")]
mod tamper;
#[cfg(test)]
mod tests;
mod together;
mod unit;
mod verification;

pub use agreement::AgreementRecord;
pub use api_key::ApiKeyRecord;
pub use approval::ApprovalRecord;
pub use attempt::{AttemptRecord, OrderKey};
pub use balance::BalanceRecord;
pub use binding::{BindingRecord, CardIndex, MaskedCard};
pub use budget::Budget;
pub use certificate::{CertificateRecord, RenewalRecord};
pub use consent::{ConsentRecord, ConsentTextRecord};
pub use cursor::{CURSOR_LIMIT_MAX, Cursor, Listed};
pub use delivery::DeliveryRecord;
pub use endpoint::EndpointRecord;
pub use event::{EventRecord, PlacedEvent, UnplacedEvent};
pub use evidence::{CheckpointRecord, LeafRecord, TileRecord};
pub use fault::{CommitFault, Faults};
pub use floor::{bare_commits, bare_commits_on, own_schema};
pub use idempotency::IdempotencyRecord;
pub use instrument::InstrumentRecord;
pub use lender::LenderRecord;
pub use limit::LimitRecord;
pub use mandate::MandateRecord;
pub use open::{OpenError, Settings};
pub use payment::PaymentRecord;
pub use platform::PlatformRecord;
pub use postgres::examine::Finding;
pub use principal::PrincipalRecord;
pub use quota::{CardQuota, Quota};
pub use read::ReadError;
pub use reseal::{SealedKind, SealedRecord};
pub use restore::RestoreRecord;
pub use session::SessionRecord;
pub use stated::StatedRecord;
pub use statement::{StatementLineRecord, StatementRecord};
pub use step::{Lane, StepRecord};
pub use stop::StopRecord;
pub use store::{Stats, Store};
#[cfg(feature = "tamper")]
pub use tamper::{TAMPERS, Tamper};
pub use together::{InForce, Named};
pub use unit::{CommitError, Committed, Statement, Unavailable, Unit};
pub use verification::VerificationRecord;
