//! The holder: name, ID number, reserved phone.

use super::Check;
use crate::finding::{At, Finding, words};
use crate::holder::{
    HolderName, HolderNameError, IdKind, IdNumber, IdNumberError, Region, ReservedPhone,
    ReservedPhoneError,
};

/// Nobody is older.
const AGE_MAX: i16 = 130;

impl Check<'_> {
    pub(super) fn name(&mut self) -> Option<HolderName> {
        match HolderName::parse(self.entry.name?) {
            Ok(name) => {
                if let Some(at) = name.rare_at() {
                    self.found(Finding::warn(&words::NAME_RARE_CHARACTER).at(Some(At::one(at))));
                }
                if name.is_single() {
                    self.incomplete(Finding::warn(&words::NAME_TOO_SHORT));
                }
                Some(name)
            }
            Err(why) => {
                self.name_unreadable(why);
                None
            }
        }
    }

    fn name_unreadable(&mut self, why: HolderNameError) {
        use HolderNameError as Why;
        let (words, at) = match why {
            Why::Missing => return self.incomplete(Finding::stop(&words::NAME_MISSING)),
            // A dot at the end is how the second half of a name begins to be typed.
            Why::MiddleDot { at } => {
                let finding = Finding::stop(&words::NAME_MIDDLE_DOT).at(Some(At::one(at)));
                return self.incomplete(finding);
            }
            Why::TooLong => return self.found(Finding::stop(&words::NAME_TOO_LONG)),
            Why::Masked => return self.found(Finding::stop(&words::NAME_MASKED)),
            Why::Digit { at } => (&words::NAME_DIGIT, at),
            Why::Emoji { at } => (&words::NAME_EMOJI, at),
            Why::Markup { at } => (&words::NAME_MARKUP, at),
            Why::Control { at } => (&words::NAME_CONTROL, at),
            Why::Lookalike { at } => (&words::NAME_LOOKALIKE, at),
            Why::Character { at } => (&words::NAME_CHARACTER, at),
        };
        self.found(Finding::stop(words).at(Some(At::one(at))));
    }

    pub(super) fn id_number(&mut self) -> Option<IdNumber> {
        match IdNumber::parse(self.entry.id_number?) {
            Ok(id) => {
                self.id_remarks(&id);
                Some(id)
            }
            Err(why) => {
                self.id_unreadable(why);
                None
            }
        }
    }

    fn id_remarks(&mut self, id: &IdNumber) {
        let old = matches!(id.kind(), IdKind::ResidentOld | IdKind::PermanentResidentOld);
        if old {
            // Fifteen characters may also be eighteen under way.
            self.incomplete(Finding::warn(&words::ID_OLD_FORM));
        }
        match id.age_on(self.today) {
            Some(age) if !(0..=AGE_MAX).contains(&age) => {
                let at = if old { At::range(7, 12) } else { At::range(7, 14) };
                self.found(Finding::stop(&words::ID_BIRTH_DATE).at(Some(at)));
            }
            Some(age) if age < i16::from(self.rules.age_min) => {
                let finding = Finding::stop(&words::ID_UNDER_AGE);
                self.found(finding.expected(usize::from(self.rules.age_min)));
            }
            Some(_) | None => {}
        }
        let region = match id.region() {
            Region::Current => return,
            Region::Revoked { .. } => Finding::warn(&words::ID_REGION_REVOKED),
            Region::Unknown => Finding::warn(&words::ID_REGION_UNKNOWN),
        };
        self.incomplete(region.at(Some(At::range(1, 6))));
    }

    fn id_unreadable(&mut self, why: IdNumberError) {
        use IdNumberError as Why;
        match why {
            Why::Missing => self.incomplete(Finding::stop(&words::ID_MISSING)),
            Why::TooMuchText => self.found(Finding::stop(&words::ID_TOO_MUCH_TEXT)),
            Why::Letter { at } => {
                self.found(Finding::stop(&words::ID_LETTER).at(Some(At::one(at))));
            }
            Why::Masked => self.found(Finding::stop(&words::ID_MASKED)),
            Why::TooShort { missing } => {
                let finding = Finding::stop(&words::ID_TOO_SHORT);
                self.incomplete(finding.count(missing).expected(IdNumber::LENGTH));
            }
            Why::TooLong { extra } => {
                let finding = Finding::stop(&words::ID_TOO_LONG);
                self.found(finding.count(extra).expected(IdNumber::LENGTH));
            }
            Why::BirthDate { first, last: 12 } => {
                // Fifteen digits of an unlikely date are more likely eighteen not yet complete.
                let finding = Finding::stop(&words::ID_BIRTH_DATE);
                self.incomplete(finding.at(Some(At::range(first, 12))));
            }
            Why::BirthDate { first, last } => {
                let finding = Finding::stop(&words::ID_BIRTH_DATE);
                self.found(finding.at(Some(At::range(first, last))));
            }
            Why::CheckDigit { swap_at: Some(at) } => {
                let finding = Finding::stop(&words::ID_CHECK_DIGIT_SWAP);
                self.found(finding.at(Some(At::range(at, at + 1))));
            }
            Why::CheckDigit { swap_at: None } => {
                self.found(Finding::stop(&words::ID_CHECK_DIGIT));
            }
        }
    }

    pub(super) fn phone(&mut self) -> Option<ReservedPhone> {
        match ReservedPhone::parse(self.entry.phone?) {
            Ok(phone) => {
                if phone.for_devices() {
                    let finding = Finding::warn(&words::PHONE_FOR_DEVICES);
                    self.found(finding.at(Some(At::range(1, 3))));
                }
                Some(phone)
            }
            Err(why) => {
                self.phone_unreadable(why);
                None
            }
        }
    }

    fn phone_unreadable(&mut self, why: ReservedPhoneError) {
        use ReservedPhoneError as Why;
        match why {
            Why::Missing => self.incomplete(Finding::stop(&words::PHONE_MISSING)),
            Why::TooShort { missing } => {
                let finding = Finding::stop(&words::PHONE_TOO_SHORT);
                self.incomplete(finding.count(missing).expected(ReservedPhone::LENGTH));
            }
            // A number that begins with 00 or + may be about to become +86.
            Why::NotMobile => self.incomplete(Finding::stop(&words::PHONE_NOT_MOBILE)),
            Why::NotMainland => self.incomplete(Finding::stop(&words::PHONE_NOT_MAINLAND)),
            Why::TooMuchText => {
                let finding = Finding::stop(&words::PHONE_TOO_LONG);
                self.found(finding.count(usize::MAX).expected(ReservedPhone::LENGTH));
            }
            Why::TooLong { extra } => {
                let finding = Finding::stop(&words::PHONE_TOO_LONG);
                self.found(finding.count(extra).expected(ReservedPhone::LENGTH));
            }
            Why::Letter { after } => {
                let finding = Finding::stop(&words::PHONE_LETTER);
                self.found(finding.at(Some(At::range(after, after + 1))));
            }
            Why::Masked => self.found(Finding::stop(&words::PHONE_MASKED)),
        }
    }
}
