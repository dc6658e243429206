//! A channel as the engine uses it: its codec, its profile, and what the records name it by.

use std::sync::Arc;

use mingka_channels::{Exchange, Profile};
use mingka_domain::binding::Terms;
use mingka_domain::consent::Recipient;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;

use crate::settings::{Planted, Settings};

/// A way to a bank.
#[derive(Clone)]
pub struct Channel {
    /// Its stable code, such as `unionpay`; kept on every attempt.
    pub code: String,
    /// What it can do and what its answers prove.
    pub profile: Arc<Profile>,
    /// Its codec, with the keys and addresses of the contract it is used under.
    pub exchange: Arc<dyn Exchange>,
    /// The number of that contract, as the channel knows us; part of every order's identity.
    pub merchant_number: String,
    /// The code of the lender whose contract it is. Money never crosses lenders.
    pub lender: String,
    /// Who receives the borrower's data over it, as a consent names it.
    pub recipient: Recipient,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Channel {
    /// Whether it can do this now.
    pub(crate) fn can(&self, operation: Operation, now: Timestamp) -> bool {
        let hour = u8::try_from(now.beijing().hour()).unwrap_or(0);
        self.profile.can(operation) && self.profile.is_open_at(hour)
    }

    /// The longest an exchange may take, in milliseconds.
    pub(crate) fn timeout_ms(&self) -> u64 {
        let timeout = &self.profile.timeout;
        u64::from(timeout.connect_ms) + u64::from(timeout.exchange_ms)
    }

    /// The terms a binding or a verification over this channel runs under.
    pub(crate) fn terms(&self, settings: &Settings) -> Terms {
        let profile = &self.profile;
        let inquiry = &profile.inquiry;
        let timeout_ms = i64::try_from(self.timeout_ms()).unwrap_or(i64::MAX);
        let mut inquiry_delays_ms = vec![inquiry.first_after_ms];
        inquiry_delays_ms.extend(&inquiry.gaps_ms);
        inquiry_delays_ms.push(inquiry.tail_gap_ms);
        let mut terms = Terms {
            valid_ms: settings.binding_valid_ms,
            code_valid_ms: profile.code.valid_ms,
            resend_after_ms: profile.code.resend_after_ms,
            sends_max: u32::from(profile.code.sends_max),
            wrong_codes_max: u32::from(profile.code.tries_max),
            exchange_ms: timeout_ms.saturating_add(settings.exchange_margin_ms),
            // A profile that never calls it final leaves it to the deadline.
            settling_ms: inquiry.not_found_final_after_ms.unwrap_or(i64::MAX),
            not_found_min: NOT_FOUND_MIN,
            doubt_ms: inquiry.deadline_ms,
            inquiry_delays_ms,
        };
        if settings.planted() == Some(Planted::NotFoundFinalAtOnce) {
            terms.settling_ms = 0;
            terms.not_found_min = 1;
        }
        terms
    }
}

/// A bank that says "not found" once may have looked too early.
const NOT_FOUND_MIN: u32 = 2;
