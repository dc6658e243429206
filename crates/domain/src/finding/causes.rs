//! The cause codes that prechecks use. Each of them stands in the dictionary of causes.

use crate::cause::CauseCode;

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: CauseCode = CauseCode::known($code);)*

        /// Every code of this list.
        pub const ALL: &[CauseCode] = &[$($name),*];
    };
}

causes! {
    /// No card number was typed.
    CARD_NUMBER_MISSING = "card.number_missing";
    /// Digits are missing for a card of this BIN.
    CARD_NUMBER_TOO_SHORT = "card.number_too_short";
    /// There are more digits than a card of this BIN has.
    CARD_NUMBER_TOO_LONG = "card.number_too_long";
    /// A letter or a word stands between the digits.
    CARD_NUMBER_LETTER = "card.number_letter";
    /// Some digits are hidden behind asterisks.
    CARD_NUMBER_MASKED = "card.number_masked";
    /// The check digit does not fit the other digits.
    CARD_CHECK_DIGIT = "card.check_digit";
    /// Cards of this kind are not accepted for this purpose.
    CARD_KIND_NOT_ACCEPTED = "card.kind_not_accepted";
    /// The first digits belong to no issuer we know.
    CARD_BIN_UNKNOWN = "card.bin_unknown";

    /// No ID number was typed.
    ID_MISSING = "id.missing";
    /// Characters are missing.
    ID_TOO_SHORT = "id.too_short";
    /// There are too many characters.
    ID_TOO_LONG = "id.too_long";
    /// A letter stands where a digit belongs.
    ID_LETTER = "id.letter";
    /// Some digits are hidden behind asterisks.
    ID_MASKED = "id.masked";
    /// The check digit does not fit the other digits.
    ID_CHECK_DIGIT = "id.check_digit";
    /// The digits of the birth date are no date.
    ID_BIRTH_DATE = "id.birth_date";
    /// The holder is below the minimum age.
    ID_UNDER_AGE = "id.under_age";
    /// The region code is not known.
    ID_REGION_UNKNOWN = "id.region_unknown";
    /// The region code has been revoked.
    ID_REGION_REVOKED = "id.region_revoked";
    /// A form of document that has been replaced by a newer one.
    ID_OLD_FORM = "id.old_form";

    /// No phone number was typed.
    PHONE_MISSING = "phone.missing";
    /// Digits are missing.
    PHONE_TOO_SHORT = "phone.too_short";
    /// There are too many digits.
    PHONE_TOO_LONG = "phone.too_long";
    /// A letter or a word stands between the digits.
    PHONE_LETTER = "phone.letter";
    /// Some digits are hidden behind asterisks.
    PHONE_MASKED = "phone.masked";
    /// A landline or a service number.
    PHONE_NOT_MOBILE = "phone.not_mobile";
    /// A number from outside the mainland.
    PHONE_NOT_MAINLAND = "phone.not_mainland";
    /// A number range for devices, which seldom receive messages.
    PHONE_FOR_DEVICES = "phone.for_devices";

    /// No name was typed.
    NAME_MISSING = "name.missing";
    /// A single character.
    NAME_TOO_SHORT = "name.too_short";
    /// Longer than any name on a document.
    NAME_TOO_LONG = "name.too_long";
    /// Some characters are hidden behind asterisks.
    NAME_MASKED = "name.masked";
    /// A digit in the name.
    NAME_DIGIT = "name.digit";
    /// An emoji in the name.
    NAME_EMOJI = "name.emoji";
    /// A character of program or page code.
    NAME_MARKUP = "name.markup";
    /// An invisible control character.
    NAME_CONTROL = "name.control";
    /// A character that only looks like the one on the document.
    NAME_LOOKALIKE = "name.lookalike";
    /// A character that stands in no name.
    NAME_CHARACTER = "name.character";
    /// A middle dot at the beginning, at the end, or twice in a row.
    NAME_MIDDLE_DOT = "name.middle_dot";
    /// A rare character that some banks store differently.
    NAME_RARE_CHARACTER = "name.rare_character";

    /// No company name was typed.
    COMPANY_NAME_MISSING = "company.name_missing";
    /// Too few characters for a registered name.
    COMPANY_NAME_TOO_SHORT = "company.name_too_short";
    /// Too many characters for a registered name.
    COMPANY_NAME_TOO_LONG = "company.name_too_long";
    /// A character that stands in no registered name.
    COMPANY_NAME_CHARACTER = "company.name_character";
    /// No credit code was typed.
    COMPANY_CREDIT_CODE_MISSING = "company.credit_code_missing";
    /// Not 18 characters.
    COMPANY_CREDIT_CODE_LENGTH = "company.credit_code_length";
    /// A character the code never uses.
    COMPANY_CREDIT_CODE_CHARACTER = "company.credit_code_character";
    /// The last character does not fit the others.
    COMPANY_CREDIT_CODE_CHECK = "company.credit_code_check";
    /// The organisation part does not fit its own check character.
    COMPANY_ORGANISATION_CHECK = "company.organisation_check";
    /// No clearing code was typed.
    COMPANY_CLEARING_CODE_MISSING = "company.clearing_code_missing";
    /// Not 12 digits.
    COMPANY_CLEARING_CODE_LENGTH = "company.clearing_code_length";
    /// A letter between the digits.
    COMPANY_CLEARING_CODE_LETTER = "company.clearing_code_letter";
    /// The last digit does not fit the others.
    COMPANY_CLEARING_CODE_CHECK = "company.clearing_code_check";

    /// The app is older than the lowest version supported.
    ENVIRONMENT_APP_TOO_OLD = "environment.app_too_old";
    /// The operating system is older than the lowest version supported.
    ENVIRONMENT_OS_TOO_OLD = "environment.os_too_old";
    /// Several accounts use this device.
    ENVIRONMENT_DEVICE_SHARED = "environment.device_shared";
    /// The device's clock is far off.
    ENVIRONMENT_CLOCK_SKEW = "environment.clock_skew";
    /// The network is slow.
    ENVIRONMENT_NETWORK_WEAK = "environment.network_weak";
    /// The network is gone.
    ENVIRONMENT_NETWORK_OFFLINE = "environment.network_offline";
}
