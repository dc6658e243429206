//! The use cases: load, let the domain decide, commit, perform. Only here does anything leave for a
//! bank, and only with the store's proof that it was persisted first.
//!
//! This crate reads no environment and builds nothing: its [`Parts`] come in ready.

mod access;
mod approval;
mod balance;
mod bind;
mod channel;
mod clock;
mod conclude;
mod confirm;
mod consent;
mod core;
mod error;
mod evidence;
mod export;
mod health;
mod hear;
mod hooks;
mod idempotency;
mod inquire;
mod instrument;
mod kept;
mod limit;
mod machine;
mod mandate;
mod notification;
mod payment;
mod perform;
mod principal;
mod quota;
mod renewal;
mod request;
mod restore;
mod retry;
mod seal;
mod sequence;
mod session;
mod settings;
mod stated;
mod statement;
mod status;
mod stop;
mod sweep;
mod transport;
mod unbind;
mod verify;
mod view;
mod watch;
mod worker;

pub use crate::channel::Channel;
pub use crate::clock::{Clock, SystemClock};
pub use crate::core::{Engine, Parts};
pub use crate::error::{EndpointError, EngineError, GiveBackError, MandateError, StatementError};
pub use crate::evidence::{
    EvidenceExport, ExportReport, Receipt, ReceiptEntry, verify_export, verify_receipt,
};
pub use crate::export::{EXPORT_FILES, PlatformExport};
pub use crate::hooks::{
    About, DeliveryView, EVENT_TYPES, EndpointView, EventView, FeedPage, Forbidden, Hooks,
    IssuedEndpoint, RETRY_DELAYS_MS, WriteEvent,
};
pub use crate::payment::DEFAULT_LENDER;
pub use crate::request::{
    Caller, ConsentGiven, EndpointChange, Idempotency, NewApiKey, NewBinding, NewCompanyAccount,
    NewEndpoint, NewGiveBack, NewMandate, NewPayment, NewSession, NewVerification, OnPage, Person,
    Role, Scope,
};
pub use crate::restore::{LostLine, RestoreReport};
pub use crate::seal::keys_fit;
pub use crate::session::Prefill;
#[cfg(feature = "planted")]
#[doc(hidden)]
pub use crate::settings::Planted;
pub use crate::settings::Settings;
pub use crate::stated::{ImportOutcome, ImportRefusal, ImportReport, ImportRule, ImportedLine};
pub use crate::statement::{LineView, MissingView, StatementReport, StatementView};
pub use crate::status::{StatusLink, StatusVisit};
pub use crate::stop::{Reason, StopSwitch};
pub use crate::transport::{
    Delivery, HttpTransport, Sending, TlsError, TlsRoots, Transport, TransportSettings,
};
pub use crate::view::{
    ApiKeyView, ApprovalView, BalanceView, BindingState, BindingView, CardView, ChannelHealthView,
    ChannelView, CodeView, ConsentAccepted, ConsentTextView, ConsentView, EncryptionView,
    InstrumentKind, InstrumentState, InstrumentView, IssuedApiKey, IssuedPersonKey, LenderView,
    LimitView, MandateView, OpenedSession, PaymentView, PlatformView, PrincipalView, SessionView,
    TimelineEntry, VerificationState, VerificationView,
};
pub use crate::watch::Watch;
pub use mingka_store::{CURSOR_LIMIT_MAX, Cursor, Listed, StopRecord};
