//! What is concretely to be done about a cause, as data: which number to call, what to bring, which
//! field to correct, how long to wait. The words for each stand with the other phrases.

use serde::{Deserialize, Serialize};

use crate::diagnosis::NextStep;
use crate::finding::Field;

/// One concrete thing to do. A cause has a short list of them, the most useful first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Compare this field with the card or the document and correct it.
    Correct {
        /// Which one.
        field: Field,
    },
    /// Enter the code of the latest message.
    EnterCode,
    /// Have a new code sent.
    NewCode,
    /// See whether the phone gets messages: signal, suspension, blocked messages.
    CheckPhone,
    /// Read a consent and tick it.
    GiveConsent,
    /// Open the page anew and go on from there.
    Reload,
    /// Finish on the bank's own page.
    FinishAtBank,
    /// Call the bank: its hotline where it is known, else the number on the back of the card.
    CallBank,
    /// Do something in the bank's own app.
    BankApp {
        /// What.
        task: BankTask,
    },
    /// Go to a branch.
    VisitBank {
        /// What to take along.
        bring: Vec<Paper>,
    },
    /// Pay money into the account.
    AddFunds,
    /// Use another card.
    UseAnotherCard {
        /// Which kind will do.
        card: CardWanted,
    },
    /// Nothing: it goes on by itself, and the result is shown.
    Wait,
    /// Try again, not before this many seconds have passed.
    TryAgain {
        /// How long.
        seconds: u32,
    },
    /// Try again once the day is over, by Beijing's calendar.
    TryTomorrow,
    /// Try again once the month is over, by Beijing's calendar.
    TryNextMonth,
    /// Bind the card anew.
    BindAgain,
    /// Update the app.
    UpdateApp,
    /// Update the phone's system.
    UpdateSystem,
    /// Let the phone set its clock by itself.
    SetClock,
    /// Look at the phone's connection.
    CheckNetwork,
    /// Turn to the platform's support.
    ContactSupport,
    /// The platform's engineers mend a setting or a message. Never said to a borrower.
    FixIntegration,
}

impl Action {
    /// The stable name, as in data files and the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Correct { .. } => "correct",
            Self::EnterCode => "enter_code",
            Self::NewCode => "new_code",
            Self::CheckPhone => "check_phone",
            Self::GiveConsent => "give_consent",
            Self::Reload => "reload",
            Self::FinishAtBank => "finish_at_bank",
            Self::CallBank => "call_bank",
            Self::BankApp { .. } => "bank_app",
            Self::VisitBank { .. } => "visit_bank",
            Self::AddFunds => "add_funds",
            Self::UseAnotherCard { .. } => "use_another_card",
            Self::Wait => "wait",
            Self::TryAgain { .. } => "try_again",
            Self::TryTomorrow => "try_tomorrow",
            Self::TryNextMonth => "try_next_month",
            Self::BindAgain => "bind_again",
            Self::UpdateApp => "update_app",
            Self::UpdateSystem => "update_system",
            Self::SetClock => "set_clock",
            Self::CheckNetwork => "check_network",
            Self::ContactSupport => "contact_support",
            Self::FixIntegration => "fix_integration",
        }
    }

    /// The next step this belongs to: a cause's list must hold one that belongs to its next step.
    #[must_use]
    pub const fn next_step(&self) -> NextStep {
        match self {
            Self::Correct { .. } | Self::EnterCode | Self::GiveConsent => NextStep::CorrectEntry,
            Self::NewCode | Self::CheckPhone | Self::FinishAtBank => NextStep::RequestNewCode,
            Self::CallBank | Self::BankApp { .. } => NextStep::CallBank,
            Self::VisitBank { .. } => NextStep::VisitBank,
            Self::UseAnotherCard { .. } => NextStep::UseAnotherCard,
            Self::Wait => NextStep::Wait,
            Self::TryAgain { .. }
            | Self::TryTomorrow
            | Self::TryNextMonth
            | Self::AddFunds
            | Self::CheckNetwork => NextStep::TryLater,
            Self::BindAgain | Self::Reload => NextStep::BindAgain,
            Self::UpdateApp | Self::UpdateSystem | Self::SetClock => NextStep::UpdateApp,
            Self::ContactSupport => NextStep::ContactSupport,
            Self::FixIntegration => NextStep::FixIntegration,
        }
    }

    /// Every form of it, each detail once: for whoever must prove that all have words.
    #[must_use]
    pub fn every() -> Vec<Self> {
        let fields = [
            Field::Environment,
            Field::CardNumber,
            Field::Name,
            Field::IdNumber,
            Field::Phone,
            Field::CompanyName,
            Field::CreditCode,
            Field::ClearingCode,
        ];
        let mut all: Vec<Self> = fields.map(|field| Self::Correct { field }).into();
        all.extend(BankTask::ALL.map(|task| Self::BankApp { task }));
        all.extend(CardWanted::ALL.map(|card| Self::UseAnotherCard { card }));
        all.extend(Paper::ALL.map(|paper| Self::VisitBank { bring: vec![paper] }));
        all.extend([
            Self::EnterCode,
            Self::NewCode,
            Self::CheckPhone,
            Self::GiveConsent,
            Self::Reload,
            Self::FinishAtBank,
            Self::CallBank,
            Self::AddFunds,
            Self::Wait,
            Self::TryAgain { seconds: 60 },
            Self::TryTomorrow,
            Self::TryNextMonth,
            Self::BindAgain,
            Self::UpdateApp,
            Self::UpdateSystem,
            Self::SetClock,
            Self::CheckNetwork,
            Self::ContactSupport,
            Self::FixIntegration,
        ]);
        all
    }
}

macro_rules! details {
    (
        $(#[$doc:meta])* $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The stable name, as in data files and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

details! {
    /// What to do in the bank's own app.
    BankTask {
        /// Turn on UnionPay online payment.
        EnableOnline = "enable_online",
        /// See and raise the limit.
        RaiseLimit = "raise_limit",
        /// Bring the holder's details up to date.
        UpdateDetails = "update_details",
        /// Activate the card.
        Activate = "activate",
        /// See which phone number is reserved.
        SeePhone = "see_phone",
    }
}

details! {
    /// What a branch wants to see.
    Paper {
        /// The holder's identity card.
        IdCard = "id_card",
        /// The bank card.
        BankCard = "bank_card",
    }
}

details! {
    /// Which other card will do.
    CardWanted {
        /// Any card of the borrower's own.
        Any = "any",
        /// A debit card.
        Debit = "debit",
        /// A debit card on a class I account.
        ClassOne = "class_one",
        /// A debit card of another bank.
        OtherBank = "other_bank",
    }
}
