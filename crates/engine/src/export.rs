//! Everything of one platform, as files it can take elsewhere: what it could read over the
//! interface,
//! and its agreements in the very form in which a house takes them in. Card numbers, names, ID
//! numbers
//! and phones stay masked: the borrower gave those for a bank, not for a file.

use mingka_channels::agreements::{AgreementLine, COLUMNS, write_line};
use mingka_domain::id::{Id, Kind, PlatformId, kind};
use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;
use mingka_store::{AgreementRecord, Cursor, StatementLineRecord, StatementRecord};
use serde::Serialize;
use serde_json::json;

use crate::core::{Engine, hex, internal};
use crate::error::EngineError;
use crate::idempotency::to_json;

/// How many rows are read at once.
const PAGE: u32 = 100;
/// How many events take their places before an export at most: beside a busy house more come.
const SEQUENCED_MAX: i64 = 1_000_000;

/// Where an export goes: the file, and a line to add to it, with its line break.
pub type PlatformExport<'a> = &'a mut (dyn FnMut(&str, &str) -> Result<(), String> + Send);

/// The files of an export, and what stands in each.
pub const EXPORT_FILES: [(&str, &str); 9] = [
    ("agreements.csv", "agreements to collect under, in the form of docs/agreements.md"),
    ("instruments.ndjson", "instruments, as the interface shows them"),
    ("mandates.ndjson", "mandates, as they were stated last"),
    ("bindings.ndjson", "bindings with their timelines and consents"),
    ("verifications.ndjson", "verifications"),
    ("payments.ndjson", "payments with their timelines"),
    ("events.ndjson", "every event, in the order of the feed"),
    ("consent_texts.ndjson", "the texts that were accepted"),
    ("statements.ndjson", "statements and their lines"),
];

/// What keeps an export from being written.
enum Stop {
    Engine(EngineError),
    Writer(String),
}

impl<E: Into<EngineError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// Writes everything of a platform. Where something is added meanwhile it may be left out.
    ///
    /// # Errors
    /// When something cannot be read, or written: then in the writer's words.
    pub async fn export_platform(
        &self,
        platform: PlatformId,
        out: PlatformExport<'_>,
    ) -> Result<(), String> {
        self.write_export(platform, out).await.map_err(|stop| match stop {
            Stop::Engine(error) => format!("the house cannot be read: {error}"),
            Stop::Writer(said) => said,
        })
    }

    async fn write_export(
        &self,
        platform: PlatformId,
        out: PlatformExport<'_>,
    ) -> Result<(), Stop> {
        let owner = self.platform_record(platform).await?;
        // What has happened until now takes its place in the feed.
        let last = self.store().end_of_order().await?.saturating_add(SEQUENCED_MAX);
        while self.sequence().await? > 0 && self.store().end_of_order().await? < last {}
        out("agreements.csv", &format!("{COLUMNS}\n")).map_err(Stop::Writer)?;
        let mut next = Some(Cursor::<kind::Agreement>::first(PAGE));
        while let Some(cursor) = next {
            let page = self.store().agreements_of_platform(platform, cursor).await?;
            next = following(page.has_more, page.items.last().map(|record| record.id));
            for record in page.items.iter().filter(|record| record.state == "active") {
                if let Some(line) = self.agreement_line(record, &owner.name).await? {
                    out("agreements.csv", &line).map_err(Stop::Writer)?;
                }
            }
        }
        let mut next = Some(Cursor::<kind::Instrument>::first(PAGE));
        while let Some(cursor) = next {
            let page = self.instruments(platform, None, cursor).await?;
            next = following(page.has_more, page.items.last().map(|view| view.id));
            for view in &page.items {
                put(out, "instruments.ndjson", view)?;
                if let Some(mandate) = self.store().mandate(platform, view.id).await? {
                    put(out, "mandates.ndjson", &crate::view::MandateView::from(mandate))?;
                }
            }
        }
        let mut next = Some(Cursor::<kind::Binding>::first(PAGE));
        while let Some(cursor) = next {
            let page = self.store().bindings(platform, cursor).await?;
            next = following(page.has_more, page.items.last().map(|record| record.id));
            for record in page.items {
                put(out, "bindings.ndjson", &self.binding(platform, record.id).await?)?;
            }
        }
        self.write_rest(platform, out).await
    }

    async fn write_rest(&self, platform: PlatformId, out: PlatformExport<'_>) -> Result<(), Stop> {
        let mut next = Some(Cursor::<kind::Verification>::first(PAGE));
        while let Some(cursor) = next {
            let page = self.verifications(platform, None, cursor).await?;
            next = following(page.has_more, page.items.last().map(|view| view.id));
            for view in &page.items {
                put(out, "verifications.ndjson", view)?;
            }
        }
        let mut next = Some(Cursor::<kind::Payment>::first(PAGE));
        while let Some(cursor) = next {
            let page = self.store().payments(platform, cursor).await?;
            next = following(page.has_more, page.items.last().map(|record| record.id));
            for record in page.items {
                put(out, "payments.ndjson", &self.payment(platform, record.id).await?)?;
            }
        }
        let mut texts = std::collections::BTreeSet::new();
        let mut after = 0;
        loop {
            let page = self.store().events_of_platform(platform, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            for placed in &page {
                let event = &placed.event;
                let body = serde_json::from_str::<serde_json::Value>(&event.body)
                    .map_err(|error| internal("an event cannot be read", &error))?;
                let line = json!({
                    "position": placed.position, "id": event.id().to_string(),
                    "subject": event.subject.to_string(), "number": event.seq,
                    "at": event.at.rfc3339(), "kind": event.kind, "body": body,
                });
                put(out, "events.ndjson", &line)?;
                if event.seq == 1 {
                    let consents = self.store().consents(platform, event.subject).await?;
                    texts.extend(consents.into_iter().map(|consent| consent.sha256));
                }
            }
        }
        for sha256 in texts {
            put(out, "consent_texts.ndjson", &self.consent_text(&sha256).await?)?;
        }
        self.write_statements(platform, out).await
    }

    async fn write_statements(
        &self,
        platform: PlatformId,
        out: PlatformExport<'_>,
    ) -> Result<(), Stop> {
        let mut days = Vec::new();
        for file in self.store().statements_of_platform(platform).await? {
            put(out, "statements.ndjson", &of_file(&file))?;
            if days.last() != Some(&file.day) {
                days.push(file.day);
            }
        }
        for day in days {
            let mut offset = 0;
            loop {
                let lines = self.store().statement_lines(platform, day, offset, PAGE).await?;
                if lines.is_empty() {
                    break;
                }
                offset = offset.saturating_add(i64::from(PAGE));
                for line in &lines {
                    put(out, "statements.ndjson", &of_line(line))?;
                }
            }
        }
        Ok(())
    }

    /// An agreement in the form in which another house takes it in. Where no mandate was stated,
    /// the
    /// consent that was accepted at the binding names the platform as who collects what is due.
    async fn agreement_line(
        &self,
        record: &AgreementRecord,
        platform: &str,
    ) -> Result<Option<String>, EngineError> {
        let card = self.store().instrument(record.platform, record.instrument).await?;
        let card = card.ok_or_else(|| internal("an instrument is missing", &record.id))?;
        let mandate = self.store().mandate(record.platform, card.id).await?;
        if mandate.as_ref().is_some_and(|mandate| mandate.ended_at.is_some()) {
            // Nothing may be collected under it, here or elsewhere.
            return Ok(None);
        }
        let consents = self.store().consents(record.platform, card.binding.into()).await?;
        let consent = consents.into_iter().find(|one| one.kind == "mandate");
        let accepted = mandate
            .as_ref()
            .map(|mandate| (mandate.consent_sha256.clone(), mandate.accepted_at))
            .or_else(|| consent.map(|consent| (consent.sha256, consent.accepted_at)));
        let (sha256, accepted_at) = accepted.unzip();
        let said = mandate.as_ref();
        let token = self.open_token(&record.id.to_string(), &record.sealed_token)?;
        let line = AgreementLine {
            number: 0,
            channel: record.channel.clone(),
            merchant: record.merchant.clone(),
            agreement_number: token.expose().to_owned(),
            borrower_ref: card.borrower_ref,
            card_last4: Some(card.card.last4),
            valid_until: record.valid_until.map(Timestamp::rfc3339),
            mandate_payee: Some(said.map_or(platform, |mandate| &mandate.payee).to_owned()),
            mandate_purpose: Some(said.map_or("还款", |mandate| &mandate.purpose).to_owned()),
            mandate_cycle: said.and_then(|mandate| mandate.cycle.clone()),
            mandate_payment_fen: said.and_then(|m| m.payment).map(|fen| fen.get().to_string()),
            mandate_valid_until: said.and_then(|m| m.valid_until).map(Timestamp::rfc3339),
            mandate_sha256: sha256,
            mandate_accepted_at: accepted_at.map(Timestamp::rfc3339),
            ..AgreementLine::default()
        };
        let line = write_line(&line);
        line.map(Some).ok_or_else(|| internal("an agreement cannot be written", &record.id))
    }
}

/// The cursor of the next page, while there is one.
fn following<K: Kind>(has_more: bool, last: Option<Id<K>>) -> Option<Cursor<K>> {
    let starting_after = last.filter(|_| has_more)?;
    Some(Cursor { starting_after: Some(starting_after), ..Cursor::first(PAGE) })
}

fn put(out: PlatformExport<'_>, file: &str, value: &impl Serialize) -> Result<(), Stop> {
    let line = to_json(value)?;
    out(file, &format!("{line}\n")).map_err(Stop::Writer)
}

fn of_file(file: &StatementRecord) -> serde_json::Value {
    json!({
        "file": hex(&file.sha256), "channel": file.channel, "merchant": file.merchant,
        "day": file.day.to_string(), "complete": file.complete, "lines": file.line_count,
        "total_fen": file.total_fen, "imported_at": file.imported_at.rfc3339(),
    })
}

fn of_line(line: &StatementLineRecord) -> serde_json::Value {
    json!({
        "day": line.day.to_string(), "channel": line.order.channel,
        "merchant": line.order.merchant, "order_id": line.order.order_id,
        "txn_time": line.order.txn_time.rfc3339(), "movement": line.movement,
        "amount_fen": Fen::get(line.amount), "query_id": line.query_id,
        "settled_at": line.settled_at.rfc3339(),
    })
}
