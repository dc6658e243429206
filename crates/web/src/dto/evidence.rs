//! Receipts as the interface writes them.

use mingka_engine::{Receipt, ReceiptEntry};
use serde::Serialize;
use utoipa::ToSchema;

/// What happened, and its proof.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptBody {
    /// `mingka-receipt/1`.
    format: String,
    /// What it is about.
    subject: String,
    /// The log's state, signed: a C2SP signed note.
    checkpoint: String,
    /// The log's public key. Compare it with the one that was published; never believe this one.
    key: String,
    /// Every event, in order.
    entries: Vec<ReceiptEntryBody>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptEntryBody {
    /// Its index in the log, from 0.
    index: u64,
    /// 64 hexadecimal digits.
    salt: String,
    /// What happened: one line of JSON, of which every byte is committed to.
    facts: String,
    /// The hashes from the leaf to the root (RFC 6962), each 64 hexadecimal digits.
    proof: Vec<String>,
}

impl From<Receipt> for ReceiptBody {
    fn from(receipt: Receipt) -> Self {
        let Receipt { format, subject, checkpoint, key, entries } = receipt;
        let entries = entries.into_iter().map(ReceiptEntryBody::from).collect();
        Self { format, subject, checkpoint, key, entries }
    }
}

impl From<ReceiptEntry> for ReceiptEntryBody {
    fn from(entry: ReceiptEntry) -> Self {
        let ReceiptEntry { index, salt, facts, proof } = entry;
        Self { index, salt, facts, proof }
    }
}
