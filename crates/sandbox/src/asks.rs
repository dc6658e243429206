//! For tests only: the requests a merchant makes, with the data of a magic card.

use mingka_channels::{Elements, Product, Request};
use mingka_domain::card::CardNumber;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::secret::OneTimeCode;

use crate::cards::{self, MagicCard};

pub(crate) fn elements(card: &MagicCard) -> Elements {
    Elements {
        card_number: CardNumber::parse(&card.number).unwrap(),
        name: Some(HolderName::parse(&card.name).unwrap()),
        id_number: Some(IdNumber::parse(&card.id_number).unwrap()),
        reserved_phone: Some(ReservedPhone::parse(&card.phone).unwrap()),
    }
}

pub(crate) fn magic(slug: &str) -> MagicCard {
    cards::catalogue().into_iter().find(|card| card.slug == slug).unwrap()
}

pub(crate) fn verify(card: &MagicCard) -> Request {
    Request::Verify { product: Product::FourElements, elements: elements(card) }
}

pub(crate) fn send(card: &MagicCard) -> Request {
    Request::SendCode { elements: elements(card) }
}

pub(crate) fn open(card: &MagicCard, code: &str) -> Request {
    let code = OneTimeCode::parse(code).unwrap();
    Request::OpenAgreement { elements: elements(card), code }
}
