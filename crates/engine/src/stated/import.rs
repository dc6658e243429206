//! Agreements that were opened before their lender came: each line of a file is checked like what
//! is typed on the page, taken once however often the file comes, and reported on.

use mingka_channels::agreements::{AgreementLine, read};
use mingka_channels::{Elements, Token};
use mingka_domain::environment::Environment;
use mingka_domain::finding::Severity;
use mingka_domain::id::{AgreementId, InstrumentId, MandateId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::personal::is_personal;
use mingka_domain::precheck::{Entry, Values};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;
use mingka_store::{AgreementRecord, CommitError, MandateRecord, MaskedCard, StatedRecord, Unit};
use tokio::task::JoinSet;

use super::report::{ImportOutcome, ImportRefusal, ImportReport, ImportRule, ImportedLine};
use super::{Stated, Stating};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::kept::{Holder, Kept, lines};
use crate::request::NewMandate;
use crate::seal::Index;

/// How many lines are on their way to the store at once, so that one commit takes many of them.
const LINES_AT_ONCE: usize = 64;
/// The longest reference and the longest of a mandate's words, in characters.
const WORDS_CHARS_MAX: usize = 64;

impl Engine {
    /// Takes in a file of agreements in the documented form, or only looks at it. Each line stands
    /// for itself; the same line again changes nothing. Once begun it goes on to its end, whether
    /// its caller waits or not.
    ///
    /// # Errors
    /// A file that is not in the form, and a store that is away: what was taken until then stays.
    pub async fn import_agreements(
        &self,
        platform: PlatformId,
        content: &str,
        check_only: bool,
    ) -> Result<ImportReport, EngineError> {
        let given = read(content).map_err(|error| EngineError::AgreementFile {
            line: error.line,
            problem: error.problem,
        })?;
        self.platform_record(platform).await?;
        self.index_agreements().await?;
        let engine = self.clone();
        self.to_the_end(async move { engine.import_lines(platform, given, check_only).await }).await
    }

    async fn import_lines(
        &self,
        platform: PlatformId,
        given: Vec<AgreementLine>,
        check_only: bool,
    ) -> Result<ImportReport, EngineError> {
        let mut done = Vec::with_capacity(given.len());
        let mut given = given.into_iter();
        loop {
            let mut under_way = JoinSet::new();
            for line in given.by_ref().take(LINES_AT_ONCE) {
                let engine = self.clone();
                under_way
                    .spawn(async move { engine.import_line(platform, line, check_only).await });
            }
            if under_way.is_empty() {
                break;
            }
            while let Some(ended) = under_way.join_next().await {
                done.push(ended.map_err(|error| internal("a task ended by itself", &error))??);
            }
        }
        done.sort_by_key(|line| line.line);
        let report = ImportReport { check_only, lines: done };
        tracing::info!(platform.id = %platform, import.check_only = check_only,
            import.lines = report.lines.len(), import.imported = report.count("imported"),
            import.already_there = report.count("already_there"),
            import.refused = report.count("refused"), "agreements were imported");
        Ok(report)
    }

    async fn import_line(
        &self,
        platform: PlatformId,
        line: AgreementLine,
        check_only: bool,
    ) -> Result<ImportedLine, EngineError> {
        let usable = |text: &String| is_reference(text);
        let borrower_ref = line.borrower_ref.clone().filter(usable);
        let outcome = match self.read_line(&line, self.now()) {
            Err(refusal) => ImportOutcome::Refused(refusal),
            Ok(given) => self.take_line(platform, &line, given, check_only).await?,
        };
        Ok(ImportedLine { line: line.number, borrower_ref, outcome })
    }

    async fn take_line(
        &self,
        platform: PlatformId,
        line: &AgreementLine,
        given: Given,
        check_only: bool,
    ) -> Result<ImportOutcome, EngineError> {
        let key = self.token_index(&line.channel, &line.merchant, &given.token.number);
        let fingerprint = self.index(Index::AgreementLine, &texts_of(line));
        if let Some(known) = self.known_agreement(platform, &key, &fingerprint).await? {
            return Ok(known);
        }
        if check_only {
            return Ok(ImportOutcome::Importable);
        }
        let (now, token) = (self.now(), given.token.clone());
        let id: InstrumentId = self.new_id(now);
        let mandate = self.mandate_row(platform, id, &given, now);
        let stating = Stating {
            platform,
            instrument: id,
            card_index: given.card_index(self).unwrap_or(key),
            kept: given.kept,
            card: given.card,
            borrower_ref: line.borrower_ref.clone(),
            channel: line.channel.clone(),
            mandate: Some((given.sha256, given.accepted_at)),
        };
        let Stated { rows, .. } = self.stated(stating, now)?;
        let agreement_id: AgreementId = self.new_id(now);
        let agreement = AgreementRecord {
            id: agreement_id,
            platform,
            version: 1,
            instrument: id,
            channel: line.channel.clone(),
            merchant: line.merchant.clone(),
            state: "active".to_owned(),
            sealed_token: self.seal_token(&agreement_id.to_string(), &token.number),
            token_index: Some(key),
            created_at: now,
            valid_until: token.ends_at,
            cancelled_at: None,
        };
        let taken = StatedRecord { key, platform, fingerprint, instrument: id, at: now };
        let unit =
            Unit::new(taken.insert()).writes(rows).writes([agreement.insert(), mandate.insert()]);
        match self.store().commit(unit).await {
            Ok(_) => Ok(ImportOutcome::Imported(id)),
            Err(CommitError::Duplicate { table: "stated" }) => {
                let known = self.known_agreement(platform, &key, &fingerprint).await?;
                known.ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is known about an agreement already, bound here or stated by anybody.
    async fn known_agreement(
        &self,
        platform: PlatformId,
        key: &[u8; 32],
        fingerprint: &[u8; 32],
    ) -> Result<Option<ImportOutcome>, EngineError> {
        let refused = |rule| Ok(Some(ImportOutcome::Refused(ImportRefusal::Rule(rule))));
        let Some(agreement) = self.store().agreement_of_token(key).await? else { return Ok(None) };
        if agreement.platform != platform {
            return refused(ImportRule::HeldElsewhere);
        }
        let stated = self.store().stated(key).await?;
        if stated.is_some_and(|stated| stated.fingerprint != *fingerprint) {
            return refused(ImportRule::Differs);
        }
        if agreement.state != "active" {
            return refused(ImportRule::Ended);
        }
        Ok(Some(ImportOutcome::AlreadyThere(agreement.instrument)))
    }

    /// What a line says, checked.
    fn read_line(&self, line: &AgreementLine, now: Timestamp) -> Result<Given, ImportRefusal> {
        let able = self.channel_named(&line.channel).is_some_and(|channel| {
            channel.merchant_number == line.merchant && channel.profile.can(Operation::Collect)
        });
        rule(able, ImportRule::Merchant)?;
        let number = &line.agreement_number;
        let sound = !number.is_empty()
            && number.len() <= 64
            && number.bytes().all(|byte| byte.is_ascii_graphic());
        rule(sound, ImportRule::Number)?;
        let reference = line.borrower_ref.as_deref().is_none_or(is_reference);
        rule(reference, ImportRule::Reference)?;
        let (kept, card) = self.read_card(line)?;
        let ends_at = moment(line.valid_until.as_deref(), ImportRule::ValidUntil)?;
        rule(ends_at.is_none_or(|end| end > now), ImportRule::Over)?;
        let (mandate, sha256, accepted_at) = read_mandate(line, now)?;
        let token = Token { number: Secret::new(number.clone()), ends_at };
        Ok(Given { kept, card, token, mandate, sha256, accepted_at })
    }

    fn read_card(&self, line: &AgreementLine) -> Result<(Kept, MaskedCard), ImportRefusal> {
        let entry = Entry {
            card_number: line.card_number.as_deref(),
            name: line.name.as_deref(),
            id_number: line.id_number.as_deref(),
            phone: line.phone.as_deref(),
            ..Entry::default()
        };
        let checked = self.precheck(&entry, &Environment::default());
        let stop = checked.findings.into_iter().find(|one| one.severity == Severity::Stop);
        if let Some(finding) = stop {
            return Err(ImportRefusal::Finding(Box::new(finding)));
        }
        let Values { card_number, name, id_number, phone: reserved_phone, .. } = checked.values;
        let last4 = line.card_last4.clone();
        let digits = |text: &String| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        rule(last4.as_ref().is_none_or(digits), ImportRule::Card)?;
        match card_number {
            Some(card_number) => {
                let same = last4.is_none_or(|last4| last4 == card_number.last4());
                rule(same, ImportRule::CardDiffers)?;
                let card = self.masked_card(&card_number);
                let elements = Elements { card_number, name, id_number, reserved_phone };
                Ok((elements.into(), card))
            }
            None => {
                let last4 = last4.ok_or(ImportRefusal::Rule(ImportRule::Card))?;
                let holder = Holder { card_number: None, name, id_number, reserved_phone };
                Ok((Kept::Person(holder), MaskedCard { last4, bank_code: None, kind: None }))
            }
        }
    }

    fn mandate_row(
        &self,
        platform: PlatformId,
        instrument: InstrumentId,
        given: &Given,
        now: Timestamp,
    ) -> MandateRecord {
        let id: MandateId = self.new_id(now);
        MandateRecord {
            instrument,
            seq: 1,
            id,
            platform,
            payee: given.mandate.payee.clone(),
            purpose: given.mandate.purpose.clone(),
            cycle: given.mandate.cycle.clone(),
            payment: given.mandate.payment,
            valid_until: given.mandate.valid_until,
            consent_sha256: given.sha256.clone(),
            accepted_at: given.accepted_at,
            ended_at: None,
            stated_at: now,
        }
    }
}

/// A line that can be taken.
struct Given {
    kept: Kept,
    card: MaskedCard,
    token: Token,
    mandate: NewMandate,
    sha256: String,
    accepted_at: Timestamp,
}

impl Given {
    /// The card's own index, where its number is known.
    fn card_index(&self, engine: &Engine) -> Option<[u8; 32]> {
        match &self.kept {
            Kept::Person(Holder { card_number: Some(number), .. }) => {
                Some(engine.card_index(number))
            }
            _ => None,
        }
    }
}

fn read_mandate(
    line: &AgreementLine,
    now: Timestamp,
) -> Result<(NewMandate, String, Timestamp), ImportRefusal> {
    let words = |text: &Option<String>| text.clone().filter(|text| is_words(text));
    let missing = ImportRefusal::Rule(ImportRule::MandatePayee);
    let payee = words(&line.mandate_payee).ok_or_else(|| missing.clone())?;
    let purpose = words(&line.mandate_purpose).ok_or_else(|| missing.clone())?;
    let cycle = line.mandate_cycle.clone();
    rule(cycle.as_deref().is_none_or(is_words), ImportRule::MandatePayee)?;
    let payment = match line.mandate_payment_fen.as_deref() {
        None => None,
        Some(text) => {
            let fen = text.parse().ok().and_then(|fen| Fen::new(fen).ok());
            let fen = fen.filter(|fen| !fen.is_zero());
            Some(fen.ok_or(ImportRefusal::Rule(ImportRule::MandateAmount))?)
        }
    };
    let valid_until = moment(line.mandate_valid_until.as_deref(), ImportRule::ValidUntil)?;
    rule(valid_until.is_none_or(|until| until > now), ImportRule::Over)?;
    let sha256 = line.mandate_sha256.as_deref().unwrap_or_default().to_ascii_lowercase();
    let hexadecimal = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    rule(hexadecimal, ImportRule::MandateText)?;
    let accepted_at = moment(line.mandate_accepted_at.as_deref(), ImportRule::MandateMoment)?;
    let accepted_at = accepted_at.filter(|at| *at <= now);
    let accepted_at = accepted_at.ok_or(ImportRefusal::Rule(ImportRule::MandateMoment))?;
    let mandate = NewMandate { payee, purpose, cycle, payment, valid_until };
    Ok((mandate, sha256, accepted_at))
}

/// Everything a line says, to tell the same line from another one.
fn texts_of(line: &AgreementLine) -> zeroize::Zeroizing<String> {
    lines(&[
        Some(&line.agreement_number),
        line.borrower_ref.as_deref(),
        line.card_number.as_deref(),
        line.card_last4.as_deref(),
        line.name.as_deref(),
        line.id_number.as_deref(),
        line.phone.as_deref(),
        line.valid_until.as_deref(),
        line.mandate_payee.as_deref(),
        line.mandate_purpose.as_deref(),
        line.mandate_cycle.as_deref(),
        line.mandate_payment_fen.as_deref(),
        line.mandate_valid_until.as_deref(),
        line.mandate_sha256.as_deref(),
        line.mandate_accepted_at.as_deref(),
    ])
}

fn moment(text: Option<&str>, wrong: ImportRule) -> Result<Option<Timestamp>, ImportRefusal> {
    let read = |text| Timestamp::from_rfc3339(text).ok_or(ImportRefusal::Rule(wrong));
    text.map(read).transpose()
}

fn rule(holds: bool, otherwise: ImportRule) -> Result<(), ImportRefusal> {
    if holds { Ok(()) } else { Err(ImportRefusal::Rule(otherwise)) }
}

fn is_words(text: &str) -> bool {
    // What a spreadsheet would take for a formula is no word.
    let formula = text.starts_with(['=', '+', '-', '@']);
    let sound = !text.trim().is_empty() && !text.contains(char::is_control) && !formula;
    sound && text.chars().count() <= WORDS_CHARS_MAX
}

fn is_reference(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+".contains(c);
    let length = text.chars().count();
    (1..=WORDS_CHARS_MAX).contains(&length) && text.chars().all(sound) && !is_personal(text)
}
