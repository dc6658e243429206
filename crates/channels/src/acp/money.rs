//! The messages of ACP that move money: paying out, the code for one collection, collecting, giving
//! back, undoing, reversing. The settlement day that reversing is bound to stands in the profile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_domain::money::Fen;
use mingka_domain::secret::{OneTimeCode, Secret};

use super::message::{Hand, Wanted, in_charset, plain, put_elements, wrong};
use super::wire::Fields;
use crate::exchange::{Unencodable, UnencodableWhy};
use crate::request::{CompanyAccount, Payee, Request};
use UnencodableWhy::{Form, Missing, Unsupported};

/// The only currency: yuan.
pub(super) const CURRENCY: &str = "156";
/// The longest amount, in digits of fen.
const AMOUNT_DIGITS_MAX: usize = 12;
/// The longest name of a company, in bytes of the message's character set.
const COMPANY_NAME_BYTES_MAX: usize = 120;
/// The longest number of a company's licence, in bytes.
const LICENCE_BYTES_MAX: usize = 20;
/// The longest number of a bill, in bytes.
const BILL_NUMBER_BYTES_MAX: usize = 60;

/// The fields of a message that moves money, beyond those that every message has.
pub(super) fn put(
    fields: &mut Fields,
    request: &Request,
    hand: &Hand<'_>,
) -> Result<(), Unencodable> {
    match request {
        Request::Disburse { payee, amount, bill_number } => {
            put_amount(fields, *amount)?;
            put_payee(fields, payee, hand)?;
            if let Some(number) = bill_number {
                fields.set("billNo", bounded("bill_number", number, BILL_NUMBER_BYTES_MAX)?);
            }
        }
        Request::SendPaymentCode { token, amount } => {
            put_amount(fields, *amount)?;
            put_token(fields, token, hand)?;
            return Ok(());
        }
        Request::Collect { token, amount, code } => {
            put_amount(fields, *amount)?;
            put_token(fields, token, hand)?;
            if let Some(code) = code {
                put_code(fields, code)?;
            }
        }
        Request::Refund { original, amount } | Request::Undo { original, amount } => {
            put_amount(fields, *amount)?;
            fields.set("origQryId", bounded("original", original, QUERY_ID_BYTES_MAX)?);
        }
        // Its order is the collection's own, and so says all there is to say.
        Request::Reverse { .. } => return Ok(()),
        _ => return Err(wrong("operation", Unsupported)),
    }
    if let Some(notify) = &hand.account.urls.notify {
        fields.set("backUrl", notify.as_bytes());
    }
    Ok(())
}

/// The longest number that the gateway gives to a transaction, in bytes.
pub(super) const QUERY_ID_BYTES_MAX: usize = 64;

fn put_amount(fields: &mut Fields, amount: Fen) -> Result<(), Unencodable> {
    let digits = amount.get().to_string();
    if amount.is_zero() || digits.len() > AMOUNT_DIGITS_MAX {
        return Err(wrong("amount", Form));
    }
    fields.set("txnAmt", digits);
    fields.set("currencyCode", CURRENCY);
    Ok(())
}

/// A person by card and name or ID number, a company by account and name.
fn put_payee(fields: &mut Fields, payee: &Payee, hand: &Hand<'_>) -> Result<(), Unencodable> {
    match payee {
        Payee::Person(elements) => {
            let mut wanted = Wanted::all_given(elements);
            // Paying out compares no phone, so the bank is told none.
            wanted.phone = None;
            if wanted.name.is_none() && wanted.id_number.is_none() {
                return Err(wrong("name", Missing));
            }
            fields.set("accType", "01");
            put_elements(fields, &wanted, None, hand)
        }
        Payee::Company(company) => put_company(fields, company, hand),
    }
}

fn put_company(
    fields: &mut Fields,
    company: &CompanyAccount,
    hand: &Hand<'_>,
) -> Result<(), Unencodable> {
    fields.set("accType", "04");
    hand.put_account(fields, "account_number", company.account_number.expose())?;
    let name = in_charset("company_name", company.name.expose(), hand.account.encoding)?;
    if name.len() > COMPANY_NAME_BYTES_MAX {
        return Err(wrong("company_name", Form));
    }
    let mut group = Fields::new();
    group.set("comDebitCardAccName", name.as_slice());
    if let Some(code) = &company.credit_code {
        let code = bounded("credit_code", code.expose(), LICENCE_BYTES_MAX)?;
        group.set("businessLicenseRegNo", code);
    }
    fields.set("reserved", group.to_group().as_slice());
    Ok(())
}

fn put_token(fields: &mut Fields, token: &Secret, hand: &Hand<'_>) -> Result<(), Unencodable> {
    let mut group = Fields::new();
    group.set("trId", hand.account.token_requestor.as_bytes());
    group.set("token", plain("token", token.expose())?);
    fields.set("tokenPayData", group.to_group().as_slice());
    Ok(())
}

fn put_code(fields: &mut Fields, code: &OneTimeCode) -> Result<(), Unencodable> {
    let mut group = Fields::new();
    group.set("smsCode", plain("code", code.expose())?);
    fields.set("customerInfo", STANDARD.encode(group.to_group().as_slice()));
    Ok(())
}

/// Letters and digits, and not too many.
fn bounded<'a>(
    field: &'static str,
    value: &'a str,
    bytes_max: usize,
) -> Result<&'a [u8], Unencodable> {
    plain(field, value).and_then(|bytes| {
        if bytes.len() <= bytes_max { Ok(bytes) } else { Err(wrong(field, Form)) }
    })
}
