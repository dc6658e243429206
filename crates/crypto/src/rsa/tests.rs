//! Keys and certificates made by another library must work here, and nothing else may.

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SerialNumber};

use super::*;
use crate::certificate::{BadSignature, Certificate, SignatureHash};

fn pair() -> (KeyPair, Certificate) {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "041@Z1@中国银联股份有限公司@1");
    params.serial_number = Some(SerialNumber::from(vec![0x10, 0x02, 0x64, 0x01, 0x49]));
    let certificate = params.self_signed(&key).unwrap();
    (key, Certificate::from_pem(&certificate.pem()).unwrap())
}

#[test]
fn signatures_fit_their_key_message_and_hash_alone() {
    let (key, certificate) = pair();
    let (_, other) = pair();
    let key = SigningKey::from_pkcs8_pem(&key.serialize_pem()).unwrap();
    assert_eq!(key.public_key_der(), certificate.public_key_der());
    let made = [
        (SignatureHash::Sha256, key.sign_sha256(b"message").unwrap()),
        (SignatureHash::Sha1, key.sign_sha1(b"message").unwrap()),
    ];
    for (hash, signature) in &made {
        assert_eq!(certificate.verify(*hash, b"message", signature), Ok(()));
        assert_eq!(certificate.verify(*hash, b"Message", signature), Err(BadSignature));
        assert_eq!(other.verify(*hash, b"message", signature), Err(BadSignature));
        assert_eq!(certificate.verify(*hash, b"message", &signature[1..]), Err(BadSignature));
    }
    assert!(certificate.verify(SignatureHash::Sha1, b"message", &made[0].1).is_err());
    assert!(certificate.verify(SignatureHash::Sha256, b"message", &made[1].1).is_err());
}

#[test]
fn a_value_opens_with_the_right_key_alone() {
    let (key, certificate) = pair();
    let (other, _) = pair();
    let key = SigningKey::from_pkcs8_pem(&key.serialize_pem()).unwrap();
    let other = SigningKey::from_pkcs8_pem(&other.serialize_pem()).unwrap();
    let to = certificate.encryption_key().unwrap();
    let sealed = to.encrypt_pkcs1(b"phoneNo=13800138000").unwrap();
    assert_ne!(sealed, to.encrypt_pkcs1(b"phoneNo=13800138000").unwrap());
    assert_eq!(key.decrypt_pkcs1(&sealed).unwrap().as_slice(), b"phoneNo=13800138000");
    assert_ne!(
        other.decrypt_pkcs1(&sealed).ok().as_deref().map(Vec::as_slice),
        Some(&b"phoneNo=13800138000"[..])
    );
    assert!(key.decrypt_pkcs1(b"").is_err());
    assert!(to.encrypt_pkcs1(&[0; 245]).is_ok());
    assert_eq!(to.encrypt_pkcs1(&[0; 246]), Err(RsaError::TooLong));
}

#[test]
fn a_certificate_says_who_and_which() {
    let (_, certificate) = pair();
    assert_eq!(certificate.serial_decimal(), "68759585097");
    assert_eq!(certificate.common_name(), Some("041@Z1@中国银联股份有限公司@1"));
}

#[test]
fn keys_that_are_none_are_refused() {
    let refused = |pem: &str| SigningKey::from_pkcs8_pem(pem).unwrap_err();
    assert_eq!(refused(""), RsaError::NotPkcs8Pem);
    assert_eq!(refused("-----BEGIN RSA PRIVATE KEY-----"), RsaError::NotPkcs8Pem);
    let elliptic = KeyPair::generate().unwrap().serialize_pem();
    assert_eq!(refused(&elliptic), RsaError::KeyRefused);
    assert_eq!(EncryptionKey::from_spki_der(b"x").unwrap_err(), RsaError::KeyRefused);
}
