//! Somebody with the database's own password changes what the evidence log covers. Only for tests
//! (feature `tamper`), which must notice each of these.

use crate::unit::{RowKey, Statement, Unit, values};

/// One change behind the house's back.
#[derive(Debug, Clone, Copy)]
pub struct Tamper {
    /// What is changed.
    pub what: &'static str,
    sql: &'static str,
}

impl Tamper {
    /// The change, as a unit that can be committed.
    #[must_use]
    pub fn unit(self) -> Unit {
        Unit::new(Statement::guarded(RowKey::new("events", self.what), self.sql, values![]))
    }
}

/// Every column and row that the log covers, each changed once.
pub const TAMPERS: &[Tamper] = &[
    t("events.body", "UPDATE events SET body = '{\"event\":\"cancelled\"}' WHERE position = 3"),
    t("events.kind", "UPDATE events SET kind = 'other' WHERE position = 3"),
    t("events.at", "UPDATE events SET at = at + 1 WHERE position = 3"),
    t("events.seq", "UPDATE events SET seq = 77 WHERE position = 3"),
    t(
        "events.subject",
        "UPDATE events SET subject = (SELECT id FROM payments), seq = 88 WHERE position = 2",
    ),
    t("events.position", "UPDATE events SET position = 4000 WHERE position = 3"),
    t("events, a row", "DELETE FROM events WHERE position = 3"),
    t("payments.kind", "UPDATE payments SET kind = 'repayment'"),
    t("payments.amount_fen", "UPDATE payments SET amount_fen = amount_fen + 1"),
    t("payments.reference", "UPDATE payments SET reference = 'another loan'"),
    t("payments.purpose", "UPDATE payments SET purpose = 'insurance'"),
    t("payments.created_at", "UPDATE payments SET created_at = created_at + 1"),
    t(
        "payments.lender",
        "UPDATE payments SET lender =
             (SELECT id FROM lenders WHERE id <> payments.lender ORDER BY id LIMIT 1)",
    ),
    t(
        "payments.instrument",
        "UPDATE payments SET instrument =
             (SELECT id FROM instruments WHERE id <> payments.instrument ORDER BY id LIMIT 1)",
    ),
    t("payments, a row", "DELETE FROM payments"),
    t(
        "attempts.operation",
        "UPDATE attempts SET operation = 'refund' WHERE operation = 'disburse'",
    ),
    t("attempts.channel", "UPDATE attempts SET channel = 'other' WHERE operation = 'disburse'"),
    t("attempts.merchant", "UPDATE attempts SET merchant = '1' WHERE operation = 'disburse'"),
    t("attempts.order_id", "UPDATE attempts SET order_id = '1' WHERE operation = 'disburse'"),
    t(
        "attempts.txn_time",
        "UPDATE attempts SET txn_time = txn_time + 1 WHERE operation = 'disburse'",
    ),
    t(
        "attempts.profile_version",
        "UPDATE attempts SET profile_version = '0' WHERE operation = 'disburse'",
    ),
    t("attempts.sent_at", "UPDATE attempts SET sent_at = sent_at + 1 WHERE operation = 'disburse'"),
    t("attempts, a row", "DELETE FROM attempts WHERE operation = 'disburse'"),
    t("consents.kind", "UPDATE consents SET kind = 'other' WHERE kind = 'mandate'"),
    t("consents.document_version", "UPDATE consents SET document_version = '0'"),
    t("consents.lang", "UPDATE consents SET lang = 'en'"),
    t(
        "consents.sha256",
        "UPDATE consents SET sha256 = (SELECT sha256 FROM consent_texts
             WHERE sha256 <> consents.sha256 ORDER BY sha256 LIMIT 1)",
    ),
    t("consents.accepted_at", "UPDATE consents SET accepted_at = accepted_at - 1"),
    t("consents, a row", "DELETE FROM consents WHERE kind = 'mandate'"),
    t(
        "evidence_leaves.event",
        "UPDATE evidence_leaves SET event = 'evt_01ARZ3NDEKTSV4RRFFQ69G5FAV' WHERE position = 3",
    ),
    t(
        "evidence_leaves.salt",
        "UPDATE evidence_leaves SET salt = (SELECT salt FROM evidence_leaves WHERE position = 1)
         WHERE position = 3",
    ),
    t(
        "evidence_leaves.commitment",
        "UPDATE evidence_leaves SET commitment =
             (SELECT commitment FROM evidence_leaves WHERE position = 1) WHERE position = 3",
    ),
    t("evidence_leaves, a row", "DELETE FROM evidence_leaves WHERE position = 3"),
    t(
        "evidence_tiles.hashes",
        "UPDATE evidence_tiles SET hashes =
             (SELECT commitment FROM evidence_leaves WHERE position = 1) WHERE level = 0",
    ),
    t("evidence_tiles, a row", "DELETE FROM evidence_tiles WHERE level = 0"),
    t(
        "evidence_checkpoints.note",
        "UPDATE evidence_checkpoints SET note = REPLACE(note, 'evidence', 'evidencf')",
    ),
];

const fn t(what: &'static str, sql: &'static str) -> Tamper {
    Tamper { what, sql }
}
