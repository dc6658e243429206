//! Accounts of companies: no bank is asked about them beforehand, and no agreement lets anybody
//! collect from them. Money can be paid out to one; the bank that pays compares account and name.

use mingka_channels::CompanyAccount;
use mingka_domain::binding::Event;
use mingka_domain::card::CardNumber;
use mingka_domain::company::account_number;
use mingka_domain::environment::Environment;
use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::precheck::{Entry, Values};
use mingka_domain::secret::Secret;
use mingka_store::{MaskedCard, Unit};

use super::{Stated, Stating};
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::kept::Kept;
use crate::machine::Loaded;
use crate::request::{Idempotency, NewCompanyAccount};
use crate::seal::Index;
use crate::view::InstrumentView;

impl Engine {
    /// Takes on a company's account, to be paid out to.
    ///
    /// # Errors
    /// What must be corrected.
    pub async fn state_company_account(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewCompanyAccount<'_>,
    ) -> Result<InstrumentView, EngineError> {
        let now = self.now();
        match self.earlier(platform, &idempotency, now).await? {
            Earlier::None => {}
            Earlier::Answered(view) => return Ok(view),
            Earlier::Unanswered(_) => return Err(EngineError::IdempotencyMismatch),
        }
        let account = self.company_account(&new)?;
        let number = account.account_number.expose();
        // A company's card: what is counted for a card is counted for it as well, and a house that
        // keeps no card numbers cannot take it.
        let card = self.card_of(number);
        if card.is_some() && !self.settings().keep_card_numbers {
            return Err(EngineError::CardNumberNotKept);
        }
        let last4 = number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned();
        let instrument: InstrumentId = self.new_id(now);
        let stating = Stating {
            platform,
            instrument,
            card_index: match &card {
                Some(card) => self.card_index(card),
                None => self.index(Index::Account, number),
            },
            card: MaskedCard { last4, bank_code: None, kind: None },
            kept: Kept::Company(account),
            borrower_ref: new.borrower_ref,
            channel: String::new(),
            mandate: None,
        };
        let Stated { binding, instrument: record, rows } = self.stated(stating, now)?;
        let view = self.instrument_view(&record, &binding)?;
        let answer = Some(to_json(&view)?);
        let key = self.take_key(platform, &idempotency, instrument.into(), answer, now);
        match self.store().commit(Unit::new(key).writes(rows)).await {
            Ok(_) => Ok(view),
            Err(error) if lost_key(&error) => Err(EngineError::InProgress),
            Err(error) => Err(error.into()),
        }
    }

    /// The card that an account's number is the number of.
    fn card_of(&self, number: &str) -> Option<CardNumber> {
        let card = CardNumber::parse(number).ok().filter(CardNumber::luhn_fits)?;
        self.rules().bins.find_card(&card).is_some().then_some(card)
    }

    fn company_account(&self, new: &NewCompanyAccount<'_>) -> Result<CompanyAccount, EngineError> {
        let entry = Entry {
            company_name: Some(new.name),
            credit_code: new.credit_code,
            ..Entry::default()
        };
        let checked = self.precheck(&entry, &Environment::default());
        let stopped = checked.stopped();
        let Values { company_name, credit_code, .. } = checked.values;
        let Some(name) = company_name.filter(|_| !stopped) else {
            return Err(EngineError::Findings(checked.findings));
        };
        let number: Secret =
            account_number(new.account_number).ok_or(EngineError::AccountNumber)?;
        Ok(CompanyAccount { account_number: number, name, credit_code })
    }

    /// Takes back what no bank has an agreement about.
    pub(crate) async fn withdraw(
        &self,
        binding: &Loaded,
        idempotency: &Idempotency,
    ) -> Result<InstrumentView, EngineError> {
        let (platform, now) = (binding.record.platform, self.now());
        let mut record = self.instrument_record(binding).await?;
        let changed = binding.apply(Event::Withdrawn, now)?;
        let rows = self.instrument_rows(&changed, now).await?;
        "unbound".clone_into(&mut record.state);
        let view = self.instrument_view(&record, &changed.clone().loaded())?;
        let answer = Some(to_json(&view)?);
        let key = self.take_key(platform, idempotency, record.id.into(), answer, now);
        let unit = Unit::new(key)
            .writes([changed.update(), changed.event.insert()])
            .writes(rows)
            .effects(changed.effects);
        match self.store().commit(unit).await {
            Ok(committed) => {
                self.announce(binding.record.id, committed.effects());
                Ok(view)
            }
            Err(error) if lost_key(&error) => Err(EngineError::InProgress),
            Err(error) => Err(error.into()),
        }
    }
}
