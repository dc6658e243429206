//! The person behind the card: name, ID number, reserved phone.
