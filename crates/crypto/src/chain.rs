//! Whether a certificate leads to somebody we trust, at a moment that is handed in.
//! No clock, no network: revocation lists are not fetched here.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, VerificationAlgorithm};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime, alg_id,
};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

use crate::certificate::{Certificate, Life};

/// The roots that are trusted.
#[derive(Clone, Default)]
pub struct TrustAnchors {
    anchors: Vec<TrustAnchor<'static>>,
}

/// What a chain may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether certificates of the chain may be signed with SHA-1. Only for a channel whose own old
    /// certificates leave no choice, and only because its configuration names it.
    pub allow_sha1: bool,
}

/// Why a chain was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainError {
    /// The moment is before the certificate's life or after it.
    OutsideValidity,
    /// No path leads to a trusted root.
    UnknownIssuer,
    /// A signature in the chain is wrong, or made with a hash the policy does not allow.
    Signature,
    /// Anything else, in the library's word.
    Other(String),
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideValidity => f.write_str("the certificate is not valid at this moment"),
            Self::UnknownIssuer => f.write_str("the certificate does not lead to a trusted root"),
            Self::Signature => f.write_str("a signature in the certificate chain is not accepted"),
            Self::Other(why) => write!(f, "the certificate chain is not accepted: {why}"),
        }
    }
}

impl std::error::Error for ChainError {}

impl TrustAnchors {
    /// Trusts these root certificates.
    ///
    /// # Errors
    /// When one of them cannot serve as a root.
    pub fn new<'a>(roots: impl IntoIterator<Item = &'a Certificate>) -> Result<Self, ChainError> {
        let anchors = roots.into_iter().map(|root| {
            webpki::anchor_from_trusted_cert(root.der())
                .map(|anchor| anchor.to_owned())
                .map_err(|error| ChainError::Other(error.to_string()))
        });
        Ok(Self { anchors: anchors.collect::<Result<_, _>>()? })
    }

    /// Checks that `certificate` leads over `intermediates` to a trusted root at the moment
    /// `now_ms` (milliseconds since 1970). Gives the span in which the same answer holds, so that
    /// the caller may remember it.
    ///
    /// # Errors
    /// Says why not.
    pub fn verify(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        now_ms: i64,
        policy: Policy,
    ) -> Result<Life, ChainError> {
        let end = EndEntityCert::try_from(certificate.der()).map_err(|error| refused(&error))?;
        let between: Vec<CertificateDer<'static>> =
            intermediates.iter().map(|one| one.der().clone()).collect();
        let now_ms = u64::try_from(now_ms).map_err(|_| ChainError::OutsideValidity)?;
        let now = UnixTime::since_unix_epoch(Duration::from_millis(now_ms));
        let mut algorithms = ALL_VERIFICATION_ALGS.to_vec();
        if policy.allow_sha1 {
            algorithms.push(&RsaSha1);
        }
        // Whoever signs messages acts as a client: the banks' certificates name that usage or none.
        let usage = KeyUsage::client_auth();
        let path = end
            .verify_for_usage(&algorithms, &self.anchors, &between, now, usage, None, None)
            .map_err(|error| refused(&error))?;
        path.intermediate_certificates().try_fold(certificate.life(), |life, link| {
            let link = Certificate::from_der(&link.der())
                .map_err(|error| ChainError::Other(error.to_string()))?;
            Ok(life.within(link.life()))
        })
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustAnchors({})", self.anchors.len())
    }
}

fn refused(error: &webpki::Error) -> ChainError {
    match error {
        webpki::Error::CertExpired { .. }
        | webpki::Error::CertNotValidYet { .. }
        | webpki::Error::InvalidCertValidity => ChainError::OutsideValidity,
        webpki::Error::UnknownIssuer => ChainError::UnknownIssuer,
        webpki::Error::InvalidSignatureForPublicKey
        | webpki::Error::UnsupportedSignatureAlgorithmContext(_) => ChainError::Signature,
        other => ChainError::Other(other.to_string()),
    }
}

/// RSA with SHA-1 in the form the chain checker asks for. It is not among the checker's own
/// algorithms, and reaches it only through [`Policy::allow_sha1`].
#[derive(Debug)]
struct RsaSha1;

/// `sha1WithRSAEncryption` (RFC 3279 section 2.2.1) with NULL parameters, without its outer tag.
const SHA1_WITH_RSA: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
            .verify_sig(public_key, message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        SHA1_WITH_RSA
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
        IsCa, KeyPair, date_time_ymd,
    };

    use super::*;

    const YEAR_2026_MS: i64 = 1_790_000_000_000;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    fn authority(name: &str, above: Option<&Authority>) -> Authority {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(if above.is_some() { 2027 } else { 2040 }, 1, 1);
        let key = KeyPair::generate().unwrap();
        match above {
            None => CertifiedIssuer::self_signed(params, key).unwrap(),
            Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
        }
    }

    fn signer(above: &Authority, usage: Option<ExtendedKeyUsagePurpose>) -> Certificate {
        let mut params = params("signer");
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params.extended_key_usages.extend(usage);
        let key = KeyPair::generate().unwrap();
        Certificate::from_der(params.signed_by(&key, above).unwrap().der()).unwrap()
    }

    fn certificate(of: &Authority) -> Certificate {
        Certificate::from_der(of.der()).unwrap()
    }

    #[test]
    fn a_chain_holds_as_long_as_its_shortest_link() {
        let root = authority("root", None);
        let middle = authority("middle", Some(&root));
        let signer = signer(&middle, None);
        let anchors = TrustAnchors::new([&certificate(&root)]).unwrap();
        let verify = |now| anchors.verify(&signer, &[certificate(&middle)], now, Policy::default());
        let life = verify(YEAR_2026_MS).unwrap();
        assert_eq!(life.from_ms, signer.life().from_ms);
        assert_eq!(life.until_ms, certificate(&middle).life().until_ms);
        assert!(verify(life.from_ms).is_ok());
        assert!(verify(life.until_ms).is_ok());
        assert_eq!(verify(life.from_ms - 1_000), Err(ChainError::OutsideValidity));
        assert_eq!(verify(life.until_ms + 1_000), Err(ChainError::OutsideValidity));
    }

    #[test]
    fn nobody_else_leads_to_the_root() {
        let root = authority("root", None);
        let middle = authority("middle", Some(&root));
        // The same names, other keys.
        let false_root = authority("root", None);
        let anchors = TrustAnchors::new([&certificate(&root)]).unwrap();
        let verify = |one: &Certificate, between: &[Certificate]| {
            anchors.verify(one, between, YEAR_2026_MS, Policy::default())
        };
        assert!(verify(&signer(&root, None), &[]).is_ok());
        assert!(verify(&signer(&false_root, None), &[]).is_err());
        assert!(verify(&signer(&middle, None), &[]).is_err());
        assert!(verify(&certificate(&middle), &[]).is_err(), "an authority is no signer");
        let no_anchor = TrustAnchors::default();
        let alone = no_anchor.verify(&signer(&root, None), &[], YEAR_2026_MS, Policy::default());
        assert_eq!(alone, Err(ChainError::UnknownIssuer));
    }

    #[test]
    fn a_server_is_no_signer_of_messages() {
        let root = authority("root", None);
        let anchors = TrustAnchors::new([&certificate(&root)]).unwrap();
        let verify = |usage| {
            anchors.verify(&signer(&root, Some(usage)), &[], YEAR_2026_MS, Policy::default())
        };
        assert!(verify(ExtendedKeyUsagePurpose::ClientAuth).is_ok());
        assert!(verify(ExtendedKeyUsagePurpose::ServerAuth).is_err());
    }
}
