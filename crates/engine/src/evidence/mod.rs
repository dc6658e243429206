//! Evidence: every event becomes a leaf of an append-only log. A leaf holds a commitment to what
//! happened (`facts`), never the thing itself; the log grows in batches (`append`); a receipt shows
//! what happened to one subject with its proof (`receipt`); an export is the whole log (`export`).
//! Checking either needs nothing but the log's public key.

mod append;
mod export;
mod facts;
mod receipt;

pub use export::{EvidenceExport, ExportReport, verify_export};
pub use receipt::{Receipt, ReceiptEntry, verify_receipt};
