//! RSA signatures with SHA-1, which version 5.0.0 of a bank protocol prescribes and our library
//! rightly does not make. Only the raw private operation is done here, in constant time; the result
//! leaves only after the library has verified it, so that a fault cannot give the key away.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, Resize as _};
use x509_cert::der::asn1::{AnyRef, OctetStringRef, UintRef};
use x509_cert::der::{Reader as _, SliceReader};
use zeroize::{Zeroize as _, Zeroizing};

use super::RsaError;

/// Signs with PKCS#1 v1.5 and SHA-1.
pub(super) fn sign(pair: &KeyPair, message: &[u8]) -> Result<Vec<u8>, RsaError> {
    let key: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| RsaError::Failed)?;
    let length = pair.public_modulus_len();
    let padded = padded(message, length).ok_or(RsaError::Failed)?;
    let signature = private_operation(key.as_ref(), &padded, length).ok_or(RsaError::Failed)?;
    UnparsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        pair.public_key().as_ref(),
    )
    .verify(message, &signature)
    .map_err(|_| RsaError::Failed)?;
    Ok(signature)
}

/// The value that is signed: 00 01 FF … FF 00, the name of the hash, the hash (RFC 8017, 9.2).
fn padded(message: &[u8], length: usize) -> Option<Vec<u8>> {
    /// `DigestInfo` of SHA-1 up to the hash itself.
    const SHA1_INFO: [u8; 15] =
        [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let filling = length.checked_sub(3 + SHA1_INFO.len() + hash.as_ref().len())?;
    let mut padded = vec![0x00, 0x01];
    padded.resize(2 + filling, 0xff);
    padded.push(0x00);
    padded.extend_from_slice(&SHA1_INFO);
    padded.extend_from_slice(hash.as_ref());
    Some(padded)
}

fn private_operation(pkcs8: &[u8], value: &[u8], length: usize) -> Option<Vec<u8>> {
    let bits = u32::try_from(length).ok()?.checked_mul(8)?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
    let (modulus, exponent) = modulus_and_private_exponent(pkcs8)?;
    let modulus = Odd::new(number(&modulus)?).into_option()?;
    let mut exponent_number = number(&exponent)?;
    let params = BoxedMontyParams::new(modulus);
    let base = BoxedMontyForm::new(number(value)?.resize(bits), &params);
    let result = base.pow(&exponent_number).retrieve();
    exponent_number.zeroize();
    Some(result.to_be_bytes().to_vec())
}

/// From PKCS#8 (RFC 5208) the PKCS#1 key (RFC 8017, A.1.2), and from that n and d.
fn modulus_and_private_exponent(pkcs8: &[u8]) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
    let mut outer = SliceReader::new(pkcs8).ok()?;
    let pkcs1 = outer
        .sequence(|key| {
            let _version: UintRef<'_> = key.decode()?;
            let _algorithm: AnyRef<'_> = key.decode()?;
            let inner: &OctetStringRef = key.decode()?;
            Ok::<_, x509_cert::der::Error>(Zeroizing::new(inner.as_bytes().to_vec()))
        })
        .ok()?;
    let mut inner = SliceReader::new(&pkcs1).ok()?;
    inner
        .sequence(|key| {
            let _version: UintRef<'_> = key.decode()?;
            let modulus: UintRef<'_> = key.decode()?;
            let _public_exponent: UintRef<'_> = key.decode()?;
            let exponent: UintRef<'_> = key.decode()?;
            let exponent = Zeroizing::new(exponent.as_bytes().to_vec());
            // The primes and the rest follow; they are not needed.
            while !key.is_finished() {
                let _rest: UintRef<'_> = key.decode()?;
            }
            Ok::<_, x509_cert::der::Error>((modulus.as_bytes().to_vec(), exponent))
        })
        .ok()
}
