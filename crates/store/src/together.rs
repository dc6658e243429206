//! What a payment is judged by, read in one go: each read is a way to a reader's thread and back.

use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::agreement::AgreementRecord;
use crate::balance::BalanceRecord;
use crate::idempotency::IdempotencyRecord;
use crate::instrument::InstrumentRecord;
use crate::lender::LenderRecord;
use crate::limit::LimitRecord;
use crate::mandate::MandateRecord;
use crate::read::ReadError;
use crate::stop::StopRecord;
use crate::store::Store;

/// What a request for a payment names, as far as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its key, where it was used before.
    pub key: Option<IdempotencyRecord>,
    /// The lender.
    pub lender: Option<LenderRecord>,
    /// The card.
    pub instrument: Option<InstrumentRecord>,
    /// The card's mandate that is in force, or was last.
    pub mandate: Option<MandateRecord>,
}

/// What a payment to or from a card is under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The newest turn of each switch that was ever turned.
    pub stops: Vec<StopRecord>,
    /// The limits in force.
    pub limits: Vec<LimitRecord>,
    /// The newest statement of each account.
    pub balances: Vec<BalanceRecord>,
    /// Every agreement of the card, oldest first.
    pub agreements: Vec<AgreementRecord>,
}

impl Store {
    /// What a platform's request names: its key whose time is not over at `now`, a lender's code, a
    /// card.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn named(
        &self,
        platform: PlatformId,
        (key, lender, instrument): (&str, &str, InstrumentId),
        now: Timestamp,
    ) -> Result<Named, ReadError> {
        let four = (
            IdempotencyRecord::of_key(platform, key, now),
            LenderRecord::of_code(platform, lender),
            InstrumentRecord::of_id(platform, instrument),
            MandateRecord::of_card(platform, instrument),
        );
        let (keys, lenders, instruments, mandates) = self.read_four(four).await?;
        Ok(Named {
            key: keys.into_iter().next(),
            lender: lenders.into_iter().next(),
            instrument: instruments.into_iter().next(),
            mandate: mandates.into_iter().next(),
        })
    }

    /// What a payment to or from a platform's card is under now.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn in_force(
        &self,
        platform: PlatformId,
        instrument: InstrumentId,
    ) -> Result<InForce, ReadError> {
        let four = (
            StopRecord::newest(),
            LimitRecord::newest(),
            BalanceRecord::newest(),
            AgreementRecord::of_card(platform, instrument),
        );
        let (stops, limits, balances, agreements) = self.read_four(four).await?;
        Ok(InForce { stops, limits, balances, agreements })
    }
}
