//! Keys and certificates of the sandbox: the bank's own authority, its signer, its encryption
//! certificate, and one merchant's pair. Made at the first start and kept in the bank's folder. The
//! root's private key is thrown away as soon as it has signed; the middle authority's is kept, for
//! the encryption certificates to come.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;

use mingka_crypto::digest::hex;
use mingka_crypto::entropy::{Entropy, random};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd,
};

use crate::faults::CertificateFlaw;

/// The merchant number of the sandbox's only merchant: that of UnionPay's published samples.
pub const MERCHANT_NUMBER: &str = "777290058146592";
/// The token requester number of UnionPay's published samples.
pub const TOKEN_REQUESTER: &str = "62000000001";
/// The name in the signer's certificate; its third part is what clients of a test environment check.
pub const SIGNER_NAME: &str = "041@Z2026-1@00040000:SIGN@00000001";

/// The name in the encryption certificate: UnionPay's own has its signer's as third part.
const ENCRYPTION_NAME: &str = "041@Z2026-1@00040000:SIGN@00000003";
const MIDDLE_NAME: &str = "Mingka sandbox authority";

/// Everything that has to exist before a bank with RSA can answer.
#[derive(Clone)]
pub struct Material {
    /// The merchant's number.
    pub merchant_number: String,
    /// The authority's root certificate, PEM.
    pub root_certificate: String,
    /// The authority's middle certificate, PEM.
    pub middle_certificate: String,
    pub(super) middle_key: String,
    /// The bank's signing certificate, PEM.
    pub signer_certificate: String,
    signer_key: String,
    /// The bank's encryption certificate, PEM.
    pub encryption_certificate: String,
    encryption_key: String,
    /// The encryption certificate before it, and until when that still opens values.
    pub(super) former: Option<Former>,
    /// The merchant's signing certificate, PEM.
    pub merchant_certificate: String,
    /// The merchant's private key, PKCS#8 PEM.
    pub merchant_key: String,
    /// The secret the merchant shares with the bank for the keyed methods.
    pub shared_secret: String,
}

/// An encryption certificate that has a successor.
#[derive(Clone)]
pub(super) struct Former {
    pub(super) certificate: String,
    pub(super) key: String,
    /// In milliseconds since 1970.
    pub(super) until_ms: i64,
}

/// What a merchant needs to talk to this bank: its own pair and the bank's public side.
#[derive(Clone)]
pub struct MerchantMaterial {
    /// The merchant's number.
    pub merchant_number: String,
    /// The token requester number (`trId`).
    pub token_requester: String,
    /// The merchant's private key, PKCS#8 PEM.
    pub signing_key: String,
    /// The merchant's certificate, PEM; its serial number is the `certId`.
    pub signing_certificate: String,
    /// The secret for signMethod 11 and 12.
    pub shared_secret: String,
    /// The bank's encryption certificate, PEM.
    pub encryption_certificate: String,
    /// The bank's root certificate, PEM: the anchor of trust.
    pub root_certificate: String,
    /// The bank's middle certificate, PEM.
    pub middle_certificate: String,
    /// The bank's signing certificate, PEM, for version 5.0.0, which does not send it along.
    pub signer_certificate: String,
}

impl std::fmt::Debug for MerchantMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MerchantMaterial")
            .field("merchant_number", &self.merchant_number)
            .finish_non_exhaustive()
    }
}

const FILES: [&str; 10] = [
    "root.pem",
    "middle.pem",
    "middle.key",
    "signer.pem",
    "signer.key",
    "encryption.pem",
    "encryption.key",
    "merchant.pem",
    "merchant.key",
    "shared.secret",
];

impl Material {
    /// Reads the material from a folder, or makes it there.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or a key cannot be made.
    pub fn load_or_make(folder: &Path, entropy: &dyn Entropy) -> io::Result<Self> {
        if FILES.iter().all(|name| folder.join(name).exists()) {
            return Self::load(folder);
        }
        fs::create_dir_all(folder)?;
        let made = Self::make(entropy).map_err(io::Error::other)?;
        for (name, content) in FILES.into_iter().zip(made.contents()) {
            write_private(&folder.join(name), content)?;
        }
        Ok(made)
    }

    /// Makes new material.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn make(entropy: &dyn Entropy) -> Result<Self, rcgen::Error> {
        let [root, middle, signer, encryption, merchant] = key_pairs()?;
        let root_params = authority("Mingka sandbox root", serial(entropy));
        let root_certificate = root_params.self_signed(&root)?.pem();
        let root = Issuer::new(root_params, root);
        let middle_params = authority(MIDDLE_NAME, serial(entropy));
        let middle_certificate = middle_params.signed_by(&middle, &root)?.pem();
        let middle_key = middle.serialize_pem();
        let middle = Issuer::new(middle_params, middle);
        let issue = |name: &str, key: &KeyPair, usage: KeyUsagePurpose| {
            issue(named(name, serial(entropy)), key, usage, &middle)
        };
        let signing = KeyUsagePurpose::DigitalSignature;
        let encipherment = KeyUsagePurpose::KeyEncipherment;
        let merchant_name = format!("041@Z2026-1@{MERCHANT_NUMBER}@00000002");
        Ok(Self {
            merchant_number: MERCHANT_NUMBER.to_owned(),
            root_certificate,
            middle_certificate,
            middle_key,
            signer_certificate: issue(SIGNER_NAME, &signer, signing)?,
            signer_key: signer.serialize_pem(),
            encryption_certificate: issue(ENCRYPTION_NAME, &encryption, encipherment)?,
            encryption_key: encryption.serialize_pem(),
            former: None,
            merchant_certificate: issue(&merchant_name, &merchant, signing)?,
            merchant_key: merchant.serialize_pem(),
            shared_secret: hex(&random::<16>(entropy)),
        })
    }

    /// The bank's private signing key, PKCS#8 PEM.
    pub(super) fn signer_key(&self) -> &str {
        &self.signer_key
    }

    /// The bank's private decryption key, PKCS#8 PEM.
    pub(super) fn encryption_key(&self) -> &str {
        &self.encryption_key
    }

    /// The merchant's side of it.
    #[must_use]
    pub fn merchant(&self) -> MerchantMaterial {
        MerchantMaterial {
            merchant_number: self.merchant_number.clone(),
            token_requester: TOKEN_REQUESTER.to_owned(),
            signing_key: self.merchant_key.clone(),
            signing_certificate: self.merchant_certificate.clone(),
            shared_secret: self.shared_secret.clone(),
            encryption_certificate: self.encryption_certificate.clone(),
            root_certificate: self.root_certificate.clone(),
            middle_certificate: self.middle_certificate.clone(),
            signer_certificate: self.signer_certificate.clone(),
        }
    }

    fn load(folder: &Path) -> io::Result<Self> {
        let read = |name: &str| fs::read_to_string(folder.join(name));
        Ok(Self {
            merchant_number: MERCHANT_NUMBER.to_owned(),
            root_certificate: read("root.pem")?,
            middle_certificate: read("middle.pem")?,
            middle_key: read("middle.key")?,
            signer_certificate: read("signer.pem")?,
            signer_key: read("signer.key")?,
            encryption_certificate: read("encryption.pem")?,
            encryption_key: read("encryption.key")?,
            former: load_former(folder)?,
            merchant_certificate: read("merchant.pem")?,
            merchant_key: read("merchant.key")?,
            shared_secret: read("shared.secret")?,
        })
    }

    /// In the order of [`FILES`].
    fn contents(&self) -> [&str; 10] {
        [
            &self.root_certificate,
            &self.middle_certificate,
            &self.middle_key,
            &self.signer_certificate,
            &self.signer_key,
            &self.encryption_certificate,
            &self.encryption_key,
            &self.merchant_certificate,
            &self.merchant_key,
            &self.shared_secret,
        ]
    }
}

/// What a merchant account of this bank needs; made now if the bank never started here.
///
/// # Errors
/// When the folder cannot be read or written, or a key cannot be made.
pub fn merchant_material(folder: &Path, entropy: &dyn Entropy) -> io::Result<MerchantMaterial> {
    Material::load_or_make(folder, entropy).map(|material| material.merchant())
}

/// Another encryption pair of the same authority: its certificate and its key, both in PEM.
pub(super) fn another_encryption(
    middle_key: &str,
    entropy: &dyn Entropy,
) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let params = named(ENCRYPTION_NAME, serial(entropy));
    let encipherment = KeyUsagePurpose::KeyEncipherment;
    let certificate = issue(params, &key, encipherment, &middle(middle_key, entropy)?)?;
    Ok((certificate, key.serialize_pem()))
}

/// A certificate for the bank's own encryption key that nobody should encrypt to.
pub(super) fn flawed_encryption(
    flaw: CertificateFlaw,
    (middle_key, encryption_key): (&str, &str),
    entropy: &dyn Entropy,
) -> Result<String, rcgen::Error> {
    let key = KeyPair::from_pem(encryption_key)?;
    let mut params = named(ENCRYPTION_NAME, serial(entropy));
    let mut issuer = middle(middle_key, entropy)?;
    match flaw {
        CertificateFlaw::Foreign => {
            let foreign = authority("Somebody else's authority", serial(entropy));
            issuer = Issuer::new(foreign, KeyPair::generate()?);
        }
        CertificateFlaw::Expired => params.not_after = date_time_ymd(2021, 1, 1),
        CertificateFlaw::Misnamed => {
            params
                .distinguished_name
                .push(DnType::CommonName, "041@Z2026-1@SOMEBODY ELSE@00000004");
        }
    }
    issue(params, &key, KeyUsagePurpose::KeyEncipherment, &issuer)
}

/// The middle authority as it signed before: its name and its key are what makes it the same.
fn middle(key: &str, entropy: &dyn Entropy) -> Result<Issuer<'static, KeyPair>, rcgen::Error> {
    Ok(Issuer::new(authority(MIDDLE_NAME, serial(entropy)), KeyPair::from_pem(key)?))
}

fn issue(
    mut params: CertificateParams,
    key: &KeyPair,
    usage: KeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<String, rcgen::Error> {
    params.key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    Ok(params.signed_by(key, issuer)?.pem())
}

/// Writes a rotation down: what was current beside what is, so that a bank that starts again opens
/// what it opened before.
pub(super) fn keep_rotation(folder: &Path, new: (&str, &str), former: &Former) -> io::Result<()> {
    let until = former.until_ms.to_string();
    for (name, content) in [
        ("former.pem", former.certificate.as_str()),
        ("former.key", &former.key),
        ("former.until", &until),
        ("encryption.pem", new.0),
        ("encryption.key", new.1),
    ] {
        write_private(&folder.join(name), content)?;
    }
    Ok(())
}

fn load_former(folder: &Path) -> io::Result<Option<Former>> {
    let read = |name: &str| fs::read_to_string(folder.join(name));
    if !folder.join("former.until").exists() {
        return Ok(None);
    }
    Ok(Some(Former {
        certificate: read("former.pem")?,
        key: read("former.key")?,
        until_ms: read("former.until")?.trim().parse().map_err(io::Error::other)?,
    }))
}

/// Five RSA pairs, made at the same time: they are most of a first start.
fn key_pairs() -> Result<[KeyPair; 5], rcgen::Error> {
    let make = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    thread::scope(|scope| {
        let making = [(); 5].map(|()| scope.spawn(make));
        let [a, b, c, d, e] =
            making.map(|thread| thread.join().unwrap_or(Err(rcgen::Error::RingUnspecified)));
        Ok([a?, b?, c?, d?, e?])
    })
}

fn authority(name: &str, serial: SerialNumber) -> CertificateParams {
    let mut params = named(name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str, serial: SerialNumber) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "CN");
    params.distinguished_name.push(DnType::OrganizationName, "Mingka sandbox");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2056, 1, 1);
    params.serial_number = Some(serial);
    params
}

/// Ten digits or so, as CFCA's serial numbers have.
fn serial(entropy: &dyn Entropy) -> SerialNumber {
    let [a, b, c, d] = random::<4>(entropy);
    SerialNumber::from_slice(&[0x10, a, b, c, d])
}

fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}
