//! The person behind the card: name, ID number, reserved phone.

mod birth;
mod id_number;
mod name;
mod name_char;
mod phone;
mod region;

use crate::card::CardNumber;

pub use id_number::{IdKind, IdNumber, IdNumberError};
pub use name::{HolderName, HolderNameError};
pub use phone::{ReservedPhone, ReservedPhoneError};
pub use region::{Region, region};

/// The four elements a bank compares, each parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FourElements {
    /// The holder's name.
    pub name: HolderName,
    /// The number of the holder's identity document.
    pub id_number: IdNumber,
    /// The card number.
    pub card_number: CardNumber,
    /// The phone number reserved at the bank.
    pub reserved_phone: ReservedPhone,
}
