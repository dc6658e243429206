//! By what happens a magic card is listed, for people who look for one.

use mingka_domain::mapping::MappingBook;
use mingka_domain::outcome::{Class, Operation, Phase, ResponseCode};
use serde::Serialize;

use super::table::Row;
use crate::bank::Stage;

/// What happens with a card, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// It can be bound.
    Works,
    /// Refused where a code is asked for, or at a verification.
    RefusedAtCode,
    /// Refused at the confirmation, or at unbinding.
    RefusedAtConfirm,
    /// At the confirmation nobody knows the result at first.
    Doubtful,
    /// It can be bound; what moves money meets something.
    Money,
    /// The channel or the platform's contract with it is the matter, not the card.
    Channel,
}

impl Group {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::Works,
        Self::RefusedAtCode,
        Self::RefusedAtConfirm,
        Self::Doubtful,
        Self::Money,
        Self::Channel,
    ];

    /// Its heading, in Chinese and in English.
    #[must_use]
    pub const fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Works => ("可以绑定", "can be bound"),
            Self::RefusedAtCode => {
                ("核验或发送验证码时被拒", "refused at the verification or the code")
            }
            Self::RefusedAtConfirm => {
                ("确认或解绑时被拒", "refused at the confirmation or the unbinding")
            }
            Self::Doubtful => ("确认后结果待查", "doubtful after the confirmation"),
            Self::Money => {
                ("可以绑定，放款或还款时有情况", "can be bound, and then money meets something")
            }
            Self::Channel => ("通道或商户的问题", "the channel's or the merchant's trouble"),
        }
    }

    pub(super) fn of(row: &Row) -> Self {
        if row.money.is_some() {
            return Self::Money;
        }
        let Some(cause) = &row.cause else { return Self::Works };
        let decided = match row.answer.as_deref() {
            Some("00") => return Self::Works,
            Some(code) => is_decided(code),
            None => false,
        };
        match row.stage {
            Some(Stage::Open) if !decided => Self::Doubtful,
            _ if cause.as_str().starts_with("channel.") => Self::Channel,
            Some(Stage::Open | Stage::Close) => Self::RefusedAtConfirm,
            _ => Self::RefusedAtCode,
        }
    }
}

/// Whether this code, heard at a confirmation, leaves no question.
fn is_decided(code: &str) -> bool {
    let code = ResponseCode::new(code);
    let book = MappingBook::embedded();
    let meaning = book.read("unionpay", Operation::OpenAgreement, Phase::Request, &code);
    !matches!(meaning.class, Class::Pending | Class::Unknown)
}
