//! The company: name, credit code, clearing code of its bank's branch.

use super::Check;
use crate::company::{
    ClearingCode, ClearingCodeError, CompanyName, CompanyNameError, CreditCode, CreditCodeError,
};
use crate::finding::{At, Finding, words};

impl Check<'_> {
    pub(super) fn company_name(&mut self) -> Option<CompanyName> {
        use CompanyNameError as Why;
        let why = match CompanyName::parse(self.entry.company_name?) {
            Ok(name) => return Some(name),
            Err(why) => why,
        };
        match why {
            Why::Missing => self.incomplete(Finding::stop(&words::COMPANY_NAME_MISSING)),
            Why::TooShort => self.incomplete(Finding::stop(&words::COMPANY_NAME_TOO_SHORT)),
            Why::TooLong => {
                let finding = Finding::stop(&words::COMPANY_NAME_TOO_LONG);
                self.found(finding.expected(CompanyName::CHARACTERS_MAX));
            }
            Why::Character { at } => {
                self.found(Finding::stop(&words::COMPANY_NAME_CHARACTER).at(Some(At::one(at))));
            }
        }
        None
    }

    pub(super) fn credit_code(&mut self) -> Option<CreditCode> {
        use CreditCodeError as Why;
        let why = match CreditCode::parse(self.entry.credit_code?) {
            Ok(code) => {
                if !code.organisation_fits() {
                    let finding = Finding::warn(&words::COMPANY_ORGANISATION_CHECK);
                    self.found(finding.at(Some(At::range(9, 17))));
                }
                return Some(code);
            }
            Err(why) => why,
        };
        match why {
            Why::Missing => self.incomplete(Finding::stop(&words::COMPANY_CREDIT_CODE_MISSING)),
            Why::Length { characters } => {
                let finding = Finding::stop(&words::COMPANY_CREDIT_CODE_LENGTH);
                let finding = finding.count(characters).expected(CreditCode::LENGTH);
                if characters < CreditCode::LENGTH {
                    self.incomplete(finding);
                } else {
                    self.found(finding);
                }
            }
            Why::Character { at } => {
                let finding = Finding::stop(&words::COMPANY_CREDIT_CODE_CHARACTER);
                self.found(finding.at(Some(At::one(at))));
            }
            Why::Check { first, last } => {
                let finding = Finding::stop(&words::COMPANY_CREDIT_CODE_CHECK);
                self.found(finding.at(Some(At::range(first, last))));
            }
        }
        None
    }

    pub(super) fn clearing_code(&mut self) -> Option<ClearingCode> {
        use ClearingCodeError as Why;
        let why = match ClearingCode::parse(self.entry.clearing_code?) {
            Ok(code) => return Some(code),
            Err(why) => why,
        };
        match why {
            Why::Missing => self.incomplete(Finding::stop(&words::COMPANY_CLEARING_CODE_MISSING)),
            Why::Letter { after } => {
                let finding = Finding::stop(&words::COMPANY_CLEARING_CODE_LETTER);
                self.found(finding.at(Some(At::range(after, after + 1))));
            }
            Why::Length { digits } => {
                let finding = Finding::stop(&words::COMPANY_CLEARING_CODE_LENGTH);
                let finding = finding.count(digits).expected(ClearingCode::LENGTH);
                if digits < ClearingCode::LENGTH {
                    self.incomplete(finding);
                } else {
                    self.found(finding);
                }
            }
            Why::Check => self.found(Finding::stop(&words::COMPANY_CLEARING_CODE_CHECK)),
        }
        None
    }
}
