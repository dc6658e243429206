//! What the form must get right: brackets, character sets, repeated names, bounds.

use proptest::prelude::*;

use super::*;

fn answer(text: &str) -> Fields {
    Fields::parse_answer(text.as_bytes(), Encoding::Utf8).unwrap()
}

#[test]
fn an_ampersand_in_braces_belongs_to_the_value() {
    let fields = answer("a=1&tokenPayData={token=9&trId=6&tokenEnd=2}&b=[x&y=z]&c=q==");
    let group = Fields::parse_group(fields.bytes("tokenPayData").unwrap()).unwrap();
    assert_eq!(group.ascii("token"), Some("9"));
    assert_eq!(group.ascii("tokenEnd"), Some("2"));
    assert_eq!(fields.ascii("b"), Some("[x&y=z]"));
    assert_eq!(fields.ascii("c"), Some("q=="));
}

#[test]
fn a_lone_bracket_does_not_swallow_what_follows() {
    let fields = answer("respMsg=wrong [10&respCode=11&signature=s");
    assert_eq!(fields.ascii("respMsg"), Some("wrong [10"));
    assert_eq!(fields.ascii("respCode"), Some("11"));
}

#[test]
fn the_second_byte_of_a_chinese_character_is_no_bracket() {
    // In GBK the character of bytes 81 5B ends in the byte of `[`, and 81 7B in that of `{`.
    let body = b"respMsg=\x81\x5b\x81\x7b&respCode=00&x=]}";
    let fields = Fields::parse_answer(body, Encoding::Gbk).unwrap();
    assert_eq!(fields.bytes("respMsg"), Some(&b"\x81\x5b\x81\x7b"[..]));
    assert_eq!(fields.ascii("respCode"), Some("00"));
}

#[test]
fn an_answer_is_not_url_decoded_and_a_form_is() {
    assert_eq!(answer("a=1+2%3D").ascii("a"), Some("1+2%3D"));
    assert_eq!(Fields::parse_form(b"a=1+2%3D").unwrap().ascii("a"), Some("1 2="));
}

#[test]
fn what_is_signed() {
    let fields = answer("b=2&signature=x&a=1&empty=&B=3");
    assert_eq!(fields.canonical().as_slice(), b"B=3&a=1&b=2");
}

#[test]
fn what_is_no_message() {
    let refused = |body: &[u8]| Fields::parse_answer(body, Encoding::Utf8).unwrap_err();
    assert_eq!(refused(b"a=1&a=2"), FormError::Repeated);
    assert_eq!(refused(b"a=1&b"), FormError::NoValue);
    assert_eq!(refused(b"<html>no</html>"), FormError::NoValue);
    assert_eq!(refused(b"=1"), FormError::BadName);
    assert_eq!(refused(b"a b=1"), FormError::BadName);
    assert_eq!(refused(b"\xff=1"), FormError::BadName);
    assert_eq!(refused(&[b'x'; BODY_BYTES_MAX + 1]), FormError::TooLong);
    let many: String = (0..=FIELD_COUNT_MAX).map(|n| format!("f{n}=1&")).collect();
    assert_eq!(refused(many.as_bytes()), FormError::TooManyFields);
    let name = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(refused(format!("{name}=1").as_bytes()), FormError::BadName);
    for broken in ["a=%", "a=%1", "a=%1g", "a=%+1"] {
        assert_eq!(Fields::parse_form(broken.as_bytes()), Err(FormError::BadEscape), "{broken}");
    }
    assert_eq!(Fields::parse_form(b"%61=1&a=2"), Err(FormError::Repeated));
    assert_eq!(Fields::parse_group(b"a=1"), Err(FormError::NotAGroup));
}

#[test]
fn nothing_prints_a_value() {
    let mut fields = Fields::new();
    fields.set("accNo", "6216261000000000018");
    assert_eq!(format!("{fields:?}"), r#"{"accNo"}"#);
}

fn message() -> impl Strategy<Value = Fields> {
    let value = proptest::collection::vec(any::<u8>(), 1..60);
    proptest::collection::btree_map("[a-zA-Z0-9_]{1,20}", value, 0..20).prop_map(|all| {
        let mut fields = Fields::new();
        all.into_iter().for_each(|(name, value)| fields.set(&name, value));
        fields
    })
}

proptest! {
    #[test]
    fn a_form_round_trips(fields in message()) {
        prop_assert_eq!(Fields::parse_form(&fields.to_form()).unwrap(), fields);
    }

    #[test]
    fn an_answer_round_trips(
        values in proptest::collection::btree_map("[a-z]{1,9}", "[a-z0-9=+/{}\\[\\]]{0,3}", 1..9),
    ) {
        // Values as banks write them: brackets only in pairs.
        let mut fields = Fields::new();
        for (name, value) in &values {
            let group = format!("{{k={name}&v={}}}", value.replace(['{', '}', '[', ']'], ""));
            fields.set(name, group);
        }
        let body = fields.to_answer();
        prop_assert_eq!(Fields::parse_answer(&body, Encoding::Utf8).unwrap(), fields);
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_grow(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for encoding in [Encoding::Utf8, Encoding::Gbk] {
            if let Ok(fields) = Fields::parse_answer(&bytes, encoding) {
                let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
                prop_assert!(size <= bytes.len());
            }
        }
        let _ = Fields::parse_form(&bytes);
        let _ = Fields::parse_group(&bytes);
    }
}
