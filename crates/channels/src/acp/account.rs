//! A lender's contract with UnionPay: merchant number, keys, certificates, addresses. Everything is
//! loaded and checked once, when the configuration is read; afterwards nothing can be wrong with it.

use std::fmt;
use std::net::Ipv6Addr;

use mingka_crypto::certificate::Certificate;
use mingka_crypto::rsa::SigningKey;
use mingka_domain::secret::Secret;

use super::seal::FieldSealer;
use super::signer::{BankSigner, SignerError, SignerRules};
use super::suite::{KeyedHash, Suite, Version};
use super::text::Encoding;

/// A merchant account, ready for use.
#[derive(Debug)]
pub struct MerchantAccount {
    /// The merchant number: `merId`.
    pub merchant_number: String,
    /// The number under which tokens are issued to this merchant: `trId`.
    pub token_requestor: String,
    /// The version spoken.
    pub version: Version,
    /// The character set of the messages.
    pub encoding: Encoding,
    /// How messages are signed and proven.
    pub suite: Suite,
    /// How single values are hidden while the bank has sent no newer certificate.
    pub sealer: FieldSealer,
    /// Where requests go.
    pub urls: Urls,
}

/// Addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// Background transactions.
    pub back: String,
    /// Queries.
    pub query: String,
    /// Where the bank shall send its notifications to us, when it can reach us.
    pub notify: Option<String>,
}

/// A merchant account as it is configured: texts, nothing loaded yet.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// The merchant number.
    pub merchant_number: String,
    /// The token requestor's number.
    pub token_requestor: String,
    /// The version.
    pub version: Version,
    /// The character set.
    pub encoding: Encoding,
    /// How messages are signed.
    pub signing: Signing,
    /// The bank's encryption certificate, in PEM.
    pub encryption_certificate: String,
    /// The gateway, such as `https://gateway.95516.com`.
    pub gateway: String,
    /// Our own address for notifications.
    pub notify_url: Option<String>,
}

/// How messages are signed, as configured. The simulator's method is not among the choices.
#[derive(Debug, Clone)]
pub enum Signing {
    /// signMethod 01.
    Rsa {
        /// Our private key, PKCS#8 in PEM.
        private_key: Secret,
        /// Our certificate, in PEM.
        certificate: String,
        /// Whose signature counts as the bank's.
        bank: SignerRules,
    },
    /// signMethod 11.
    KeyedSha256(Secret),
    /// signMethod 12.
    KeyedSm3(Secret),
}

/// Why an account cannot be used. Each names the setting, none its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountError {
    /// The merchant number is not 15 letters and digits.
    MerchantNumber,
    /// The token requestor's number is not 1 to 32 letters and digits.
    TokenRequestor,
    /// The private key cannot be used; holds the reason.
    PrivateKey(String),
    /// Our certificate cannot be read.
    Certificate,
    /// Our certificate belongs to another key.
    KeyAndCertificateDiffer,
    /// The bank's encryption certificate cannot be read or used.
    EncryptionCertificate,
    /// The certificates by which the bank is recognised cannot be used; holds the reason.
    Bank(SignerError),
    /// No root certificate or no name is given by which the bank is recognised.
    BankUnnamed,
    /// The shared secret is empty.
    Secret,
    /// The gateway is not an http or https address without query.
    Gateway,
    /// Version 5.0.0 knows only signMethod 01.
    VersionAndMethod,
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MerchantNumber => f.write_str("merchant_number must be 15 letters and digits"),
            Self::TokenRequestor => {
                f.write_str("token_requestor must be 1 to 32 letters and digits")
            }
            Self::PrivateKey(why) => write!(f, "private_key cannot be used: {why}"),
            Self::Certificate => f.write_str("certificate cannot be read as an X.509 PEM"),
            Self::KeyAndCertificateDiffer => {
                f.write_str("certificate does not belong to private_key")
            }
            Self::EncryptionCertificate => {
                f.write_str("encryption_certificate cannot be read or has no RSA-2048 key")
            }
            Self::Bank(error) => write!(f, "bank: {error}"),
            Self::BankUnnamed => f.write_str("bank needs at least one root and one signer name"),
            Self::Secret => f.write_str("secret is empty"),
            Self::Gateway => f.write_str("gateway must be an http(s) address without a query"),
            Self::VersionAndMethod => f.write_str("version 5.0.0 knows only sign method 01"),
        }
    }
}

impl std::error::Error for AccountError {}

impl MerchantAccount {
    /// Loads and checks what was configured.
    ///
    /// # Errors
    /// Names the first setting that cannot be used.
    pub fn load(settings: AccountSettings) -> Result<Self, AccountError> {
        if !is_plain(&settings.merchant_number, 15..=15) {
            return Err(AccountError::MerchantNumber);
        }
        if !is_plain(&settings.token_requestor, 1..=32) {
            return Err(AccountError::TokenRequestor);
        }
        let keyed = !matches!(settings.signing, Signing::Rsa { .. });
        if keyed && settings.version == Version::V5_0_0 {
            return Err(AccountError::VersionAndMethod);
        }
        let encryption = Certificate::from_pem(&settings.encryption_certificate)
            .map_err(|_| AccountError::EncryptionCertificate)?;
        let sealer = FieldSealer::to_certificate(&encryption)
            .map_err(|_| AccountError::EncryptionCertificate)?;
        Ok(Self {
            suite: load_suite(settings.signing)?,
            sealer,
            urls: Urls::of_gateway(&settings.gateway, settings.notify_url)?,
            merchant_number: settings.merchant_number,
            token_requestor: settings.token_requestor,
            version: settings.version,
            encoding: settings.encoding,
        })
    }

    /// An account for the simulator: cheap signatures, cheap sealing, one secret for both.
    #[must_use]
    pub fn simulation(merchant_number: &str, secret: &Secret) -> Self {
        Self {
            merchant_number: merchant_number.to_owned(),
            token_requestor: "62000000001".to_owned(),
            version: Version::V5_1_0,
            encoding: Encoding::Utf8,
            suite: Suite::Keyed { hash: KeyedHash::Simulation, secret: secret.clone() },
            sealer: FieldSealer::Simulation(secret.clone()),
            urls: Urls {
                back: "http://bank.simulation/gateway/api/backTransReq.do".to_owned(),
                query: "http://bank.simulation/gateway/api/queryTrans.do".to_owned(),
                notify: None,
            },
        }
    }
}

impl Urls {
    /// The addresses of a gateway.
    ///
    /// # Errors
    /// When it is not an address.
    pub fn of_gateway(gateway: &str, notify: Option<String>) -> Result<Self, AccountError> {
        if !is_address(gateway) {
            return Err(AccountError::Gateway);
        }
        let base = gateway.trim_end_matches('/');
        Ok(Self {
            back: format!("{base}/gateway/api/backTransReq.do"),
            query: format!("{base}/gateway/api/queryTrans.do"),
            notify,
        })
    }
}

/// Whether this is `http(s)://host[:port][/path]` of RFC 3986, with nothing that an address of a
/// gateway has no use for: no user, no query, no escapes.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(six) => six.parse::<Ipv6Addr>().is_ok(),
        None => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            !host.is_empty() && host.bytes().all(plain)
        }
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    host_fits && port_fits && path.bytes().all(plain)
}

fn load_suite(signing: Signing) -> Result<Suite, AccountError> {
    let keyed = |hash, secret: Secret| {
        if secret.expose().is_empty() {
            return Err(AccountError::Secret);
        }
        Ok(Suite::Keyed { hash, secret })
    };
    match signing {
        Signing::KeyedSha256(secret) => keyed(KeyedHash::Sha256, secret),
        Signing::KeyedSm3(secret) => keyed(KeyedHash::Sm3, secret),
        Signing::Rsa { private_key, certificate, bank } => {
            if bank.roots.is_empty() || bank.names.is_empty() {
                return Err(AccountError::BankUnnamed);
            }
            let key = SigningKey::from_pkcs8_pem(private_key.expose())
                .map_err(|error| AccountError::PrivateKey(error.to_string()))?;
            let certificate =
                Certificate::from_pem(&certificate).map_err(|_| AccountError::Certificate)?;
            if certificate.public_key_der() != key.public_key_der() {
                return Err(AccountError::KeyAndCertificateDiffer);
            }
            let bank = BankSigner::new(&bank).map_err(AccountError::Bank)?;
            Ok(Suite::Rsa {
                key: Box::new(key),
                certificate_id: certificate.serial_decimal().to_owned(),
                bank: Box::new(bank),
            })
        }
    }
}

fn is_plain(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
