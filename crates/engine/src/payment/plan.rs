//! How a payment could be sent now: over which channel of its lender, as which message. Decides
//! nothing about what was sent before; sends nothing.

use mingka_channels::Request;
use mingka_domain::outcome::Operation;
use mingka_domain::payment::{PaymentKind, Terms, WaitReason};
use mingka_domain::time::Timestamp;
use mingka_store::{AgreementRecord, InstrumentRecord, LenderRecord, OrderKey, PaymentRecord};

use super::Loaded;
use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::limit::Limits;
use crate::request::NewPayment;
use crate::settings::Planted;

/// "Not found" is never final about money unless a profile says so; then it takes this many.
const NOT_FOUND_MIN: u32 = 2;

/// What would be sent.
pub(super) struct Plan<'a> {
    pub(super) channel: &'a Channel,
    pub(super) request: Request,
    /// The order it is sent under, where it is another's.
    pub(super) order: Option<OrderKey>,
    /// The payment whose money it gives back, as it was read.
    pub(super) original: Option<PaymentRecord>,
    /// The limits it is under.
    pub(super) limits: Limits,
}

/// Whether something can be sent now.
pub(super) enum Planned<'a> {
    /// This can.
    Now(Box<Plan<'a>>),
    /// Nothing can, for this reason.
    Later(WaitReason),
    /// Nothing ever: what it would give back is not there any more.
    Void,
    /// Nothing over any channel of the lender: the card has no agreement there, or its number is
    /// not kept.
    NoWay,
}

impl Planned<'_> {
    /// Why it waits.
    pub(super) const fn reason(&self) -> WaitReason {
        match self {
            Self::Later(why) => *why,
            Self::Now(_) | Self::Void | Self::NoWay => WaitReason::Hours,
        }
    }
}

impl Engine {
    /// What a payment is sent as now. Routing never crosses lenders.
    pub(super) async fn plan_payment(
        &self,
        payment: &Loaded,
        lender: &LenderRecord,
        instrument: &InstrumentRecord,
        now: Timestamp,
    ) -> Result<Planned<'_>, EngineError> {
        let record = &payment.record;
        if record.kind.gives_back() {
            return self.plan_back(payment, now).await;
        }
        let operation = operation_of(record.kind);
        let (stops, force) = self.in_force(record).await?;
        let mut later = None;
        for channel in &self.parts().channels {
            if channel.lender != lender.code || !channel.profile.can(operation) {
                continue;
            }
            if stops.forbid(Some(record.platform), channel, operation) {
                later = Some(WaitReason::Stopped);
            } else if !channel.can(operation, now) {
                later = later.or(Some(WaitReason::Hours));
            } else if let Some(request) =
                self.payment_request(record, instrument, &force.agreements, channel)?
            {
                let limits = Limits::of(&force, record, channel);
                if !limits.allow(record.amount) {
                    later = Some(WaitReason::Limit);
                    continue;
                }
                let (order, original) = (None, None);
                let plan = Plan { channel, request, order, original, limits };
                return Ok(Planned::Now(Box::new(plan)));
            }
        }
        Ok(later.map_or(Planned::NoWay, Planned::Later))
    }

    /// What gives money back goes over the channel that took it, and no other.
    async fn plan_back(
        &self,
        payment: &Loaded,
        now: Timestamp,
    ) -> Result<Planned<'_>, EngineError> {
        let record = &payment.record;
        let original = self.original_of(payment).await?;
        let amount = record.amount;
        let left = original.machine.kept().map(|(_, left)| left);
        let way = match self.way_back(&original, record.kind, now).await {
            Ok(way) if left.is_none_or(|left| amount <= left) => way,
            Ok(_) | Err(EngineError::GiveBack(_)) => return Ok(Planned::Void),
            Err(error) => return Err(error),
        };
        let channel = self.channel(&way.channel)?;
        if self.stops().await?.forbid(Some(record.platform), channel, way.operation) {
            return Ok(Planned::Later(WaitReason::Stopped));
        }
        if !channel.can(way.operation, now) {
            return Ok(Planned::Later(WaitReason::Hours));
        }
        let number = way.number.unwrap_or_default();
        let request = match way.operation {
            Operation::Undo => Request::Undo { original: number, amount },
            Operation::Reverse => Request::Reverse { amount },
            _ => Request::Refund { original: number, amount },
        };
        let (order, limits) = (way.order, Limits::default());
        let original = Some(original.record);
        Ok(Planned::Now(Box::new(Plan { channel, request, order, original, limits })))
    }

    /// Whether any channel of this lender could ever do this.
    pub(super) fn has_a_way(&self, lender: &LenderRecord, kind: PaymentKind) -> bool {
        let operation = operation_of(kind);
        let able =
            |channel: &Channel| channel.lender == lender.code && channel.profile.can(operation);
        self.parts().channels.iter().any(able)
    }

    /// How the borrower is sent a code for a repayment now. Nobody waits for a code that may come
    /// hours later: what cannot be asked for now is not.
    pub(super) async fn plan_code(
        &self,
        payment: &PaymentRecord,
        lender: &LenderRecord,
        instrument: &InstrumentRecord,
        now: Timestamp,
    ) -> Result<Plan<'_>, EngineError> {
        let operation = Operation::SendPaymentCode;
        let (stops, force) = self.in_force(payment).await?;
        let (mut closed, mut without) = (false, false);
        for channel in &self.parts().channels {
            if channel.lender != lender.code || !channel.profile.can(operation) {
                continue;
            }
            if !channel.can(operation, now)
                || stops.forbid(Some(payment.platform), channel, operation)
                || stops.forbid(Some(payment.platform), channel, Operation::Collect)
            {
                closed = true;
                continue;
            }
            if let Some(Request::Collect { token, amount, .. }) =
                self.payment_request(payment, instrument, &force.agreements, channel)?
            {
                if !Limits::of(&force, payment, channel).allow(amount) {
                    return Err(EngineError::OverLimit);
                }
                let request = Request::SendPaymentCode { token, amount };
                let (order, original, limits) = (None, None, Limits::default());
                return Ok(Plan { channel, request, order, original, limits });
            }
            without = true;
        }
        let never = without && !closed;
        Err(if never { no_way(PaymentKind::Repayment) } else { EngineError::NoChannel })
    }

    /// `None` where the card was unbound, none of its agreements is with this channel's merchant
    /// account, or it has to be paid and its number is not kept.
    pub(super) fn payment_request(
        &self,
        payment: &PaymentRecord,
        instrument: &InstrumentRecord,
        agreements: &[AgreementRecord],
        channel: &Channel,
    ) -> Result<Option<Request>, EngineError> {
        let amount = payment.amount;
        if instrument.state != "active" {
            return Ok(None);
        }
        match payment.kind {
            PaymentKind::Disbursement => {
                let payee = self.kept_of_instrument(instrument)?.payee();
                Ok(payee.map(|payee| Request::Disburse { payee, amount, bill_number: None }))
            }
            PaymentKind::Repayment => {
                let own = agreements.iter().rev().find(|agreement| {
                    agreement.state == "active"
                        && agreement.channel == channel.code
                        && agreement.merchant == channel.merchant_number
                });
                let Some(own) = own else { return Ok(None) };
                let token = self.open_token(&own.id.to_string(), &own.sealed_token)?;
                Ok(Some(Request::Collect { token, amount, code: None }))
            }
            // Planned by what it gives back.
            PaymentKind::Refund | PaymentKind::Reversal => Ok(None),
        }
    }

    /// The terms a payment runs under, from the slowest of the channels it may go over: the terms
    /// are fixed before the channel is chosen.
    pub(super) fn payment_terms(&self, new: &NewPayment, lender: &str, now: Timestamp) -> Terms {
        let settings = self.settings();
        let channels = self.parts().channels.iter().filter(|channel| channel.lender == lender);
        let mut terms = Terms {
            kind: new.kind,
            amount: new.amount,
            valid_until: new.valid_until.unwrap_or(now.plus_ms(settings.payment_valid_ms)),
            customer_present: new.customer_present,
            attempts_max: if new.customer_present { 1 } else { settings.payment_attempts_max },
            exchange_ms: 0,
            pending_ms: settings.payment_pending_ms,
            settling_ms: i64::MAX,
            not_found_min: NOT_FOUND_MIN,
            doubt_ms: 0,
            inquiry_delays_ms: Vec::new(),
        };
        if settings.planted() == Some(Planted::NotFoundFinalAtOnce) {
            (terms.settling_ms, terms.not_found_min) = (0, 1);
        }
        for channel in channels {
            if new.customer_present {
                let code_until = now.plus_ms(channel.profile.code.valid_ms);
                terms.valid_until = terms.valid_until.min(code_until);
            }
            let inquiry = &channel.profile.payment_inquiry;
            let timeout_ms = i64::try_from(channel.timeout_ms()).unwrap_or(i64::MAX);
            let exchange_ms = timeout_ms.saturating_add(settings.exchange_margin_ms);
            terms.exchange_ms = terms.exchange_ms.max(exchange_ms);
            if inquiry.deadline_ms > terms.doubt_ms {
                terms.doubt_ms = inquiry.deadline_ms;
                terms.inquiry_delays_ms = vec![inquiry.first_after_ms];
                terms.inquiry_delays_ms.extend(&inquiry.gaps_ms);
                terms.inquiry_delays_ms.push(inquiry.tail_gap_ms);
            }
        }
        terms
    }
}

/// Why a payment of this kind has no way to its card.
pub(super) const fn no_way(kind: PaymentKind) -> EngineError {
    match kind {
        PaymentKind::Disbursement => EngineError::CardNumberNotKept,
        _ => EngineError::NoAgreement,
    }
}

/// What a bank is asked to do for a payment of this kind.
pub(super) const fn operation_of(kind: PaymentKind) -> Operation {
    match kind {
        PaymentKind::Disbursement => Operation::Disburse,
        PaymentKind::Repayment => Operation::Collect,
        PaymentKind::Refund => Operation::Refund,
        PaymentKind::Reversal => Operation::Reverse,
    }
}
