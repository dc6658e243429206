//! The cause codes that code of this house names itself. A test proves that the dictionary holds
//! each of them; codes that only mappings name are not repeated here.

use super::CauseCode;

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: CauseCode = CauseCode::known($code);)*

        /// Every code above.
        pub const ALL: &[CauseCode] = &[$($name),*];
    };
}

known! {
    /// The code is not the one that was sent.
    CODE_WRONG = "code.wrong";
    /// The code's time is over.
    CODE_EXPIRED = "code.expired";
    /// Too many wrong codes.
    CODE_TOO_MANY_TRIES = "code.too_many_tries";
    /// Another code was asked for while one is still on its way.
    CODE_RESEND_TOO_EARLY = "code.resend_too_early";
    /// Too many codes were asked for.
    CODE_TOO_MANY_SENDS = "code.too_many_sends";
    /// The bank says it sent a code; the borrower has none.
    CODE_NOT_ARRIVED = "code.not_arrived";
    /// What was typed cannot be a code.
    CODE_FORM = "code.form";
    /// The card is bound already.
    BINDING_ALREADY_BOUND = "binding.already_bound";
    /// The binding ran out of time.
    BINDING_EXPIRED = "binding.expired";
    /// The binding was cancelled.
    BINDING_CANCELLED = "binding.cancelled";
    /// The bank's answer is not known yet.
    BINDING_CONFIRMING = "binding.confirming";
    /// The bank's answer did not come within the deadline.
    BINDING_UNRESOLVED = "binding.unresolved";
    /// The bank never said whether the elements belong together.
    VERIFICATION_UNRESOLVED = "verification.unresolved";
    /// What was asked does not fit the binding's state.
    BINDING_WRONG_STEP = "binding.wrong_step";
    /// The page's session ran out.
    SESSION_EXPIRED = "binding.session_expired";
    /// A consent was not given.
    CONSENT_MISSING = "consent.missing";
    /// The consent's text has changed since.
    CONSENT_OUTDATED = "consent.outdated";
    /// The day's verifications are used up.
    VERIFICATION_QUOTA = "verification.quota";
    /// Too often in too short a time.
    VERIFICATION_TOO_FREQUENT = "verification.too_frequent";
    /// The agreement is no longer in force.
    AGREEMENT_INVALID = "agreement.invalid";
    /// The channel is in maintenance or stopped.
    CHANNEL_MAINTENANCE = "channel.maintenance";
    /// The channel cannot be reached.
    CHANNEL_OUTAGE = "channel.outage";
    /// No answer in time.
    CHANNEL_TIMEOUT = "channel.timeout";
    /// The channel is busy.
    CHANNEL_BUSY = "channel.busy";
    /// The bank is working on it.
    CHANNEL_PROCESSING = "channel.processing";
    /// The bank's answer proves nothing either way.
    CHANNEL_RESULT_UNKNOWN = "channel.result_unknown";
    /// A code nobody has mapped yet.
    CHANNEL_CODE_UNMAPPED = "channel.code_unmapped";
    /// The answer cannot be read.
    CHANNEL_ANSWER_UNREADABLE = "channel.answer_unreadable";
    /// The answer's signature is wrong.
    CHANNEL_ANSWER_SIGNATURE = "channel.answer_signature";
    /// The message cannot be written in the channel's form.
    CHANNEL_UNENCODABLE = "channel.unencodable";
    /// The platform's stop switch, or no channel set up.
    PLATFORM_STOPPED = "platform.stopped";
    /// No channel of this platform can do what was asked.
    PLATFORM_NO_CHANNEL = "platform.no_channel";
    /// A request of the platform that is not as documented.
    PLATFORM_REQUEST_UNREADABLE = "platform.request_unreadable";
    /// Something went wrong on our side.
    PLATFORM_INTERNAL = "platform.internal";
    /// This process stopped between sending and hearing.
    PLATFORM_RESTARTED = "platform.restarted";
    /// The result of a payment is being found out.
    PAYMENT_CONFIRMING = "payment.confirming";
    /// A payment that was ended before anything was sent.
    PAYMENT_CANCELLED = "payment.cancelled";
    /// A payment whose time was over before anything was sent.
    PAYMENT_EXPIRED = "payment.expired";
    /// A disbursement that came back.
    PAYMENT_RETURNED = "payment.returned";
    /// What was asked does not fit the state a payment is in.
    PAYMENT_WRONG_STEP = "payment.wrong_step";
    /// The mandate is over.
    MANDATE_ENDED = "mandate.ended";
    /// The merchant's own balance is too low.
    PLATFORM_BALANCE = "platform.balance";
    /// Two persons found that the money had not moved.
    PAYMENT_DECIDED_UNMOVED = "payment.decided_unmoved";
    /// The channel knows of no such order.
    ORDER_NOT_FOUND = "channel.order_not_found";
    /// Over what the law allows a class II account.
    ACCOUNT_CLASS_TWO_LIMIT = "account.class_two_limit";
    /// Over what the law allows a class III account.
    ACCOUNT_CLASS_THREE_LIMIT = "account.class_three_limit";
    /// Many cards from one place.
    ATTACK_ENUMERATION = "attack.enumeration";
    /// Many codes tried in a short time.
    ATTACK_CODE_GUESSING = "attack.code_guessing";
    /// A one-time token or an old notification was used again.
    ATTACK_REPLAY = "attack.replay";
    /// Input that looks like attack code.
    ATTACK_INJECTION = "attack.injection";
    /// Something signed or sealed was changed.
    ATTACK_TAMPERING = "attack.tampering";
}
