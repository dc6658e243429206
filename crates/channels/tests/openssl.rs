//! OpenSSL as the oracle: it verifies what we sign, opens what we encrypt, and agrees on every hash.
//! Without the program on this machine the tests say that they were left out.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its assumptions fail, and says what it left out"
)]

mod support;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{MerchantAccount, Signing, Version};
use mingka_channels::{Exchange as _, Request};
use mingka_crypto::SystemEntropy;
use mingka_crypto::digest::sha256_hex;
use support::*;

#[expect(clippy::disallowed_methods, reason = "the oracle is a program")]
fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let started = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        println!("left out: no openssl on this machine");
        return None;
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    Some(output.stdout)
}

fn text(arguments: &[&str], input: &[u8]) -> Option<String> {
    openssl(arguments, input).map(|out| String::from_utf8(out).unwrap().trim().to_owned())
}

/// A file for the oracle, gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("mingka-openssl-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn message(account: &Arc<MerchantAccount>, request: &Request) -> Fields {
    let (order, entropy) = (order(), SystemEntropy::new());
    let (message, _) = acp(account).encode(request, &context(&order, &entropy)).unwrap();
    bank_reads(&message)
}

fn from_base64(value: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(value).unwrap()
}

/// The last word of `openssl dgst` is the digest.
fn digest(hash: &str, input: &[u8]) -> Option<String> {
    let line = text(&["dgst", hash], input)?;
    line.split_whitespace().next_back().map(str::to_owned)
}

#[test]
fn openssl_verifies_our_signatures() {
    for (version, hash) in [(Version::V5_1_0, "-sha256"), (Version::V5_0_0, "-sha1")] {
        let mut settings = settings(rsa_signing());
        settings.version = version;
        let account = load(settings);
        let fields = message(&account, &Request::QueryAgreement);
        let certificate =
            Scratch::new(&format!("cert{hash}"), WORLD.merchant.certificate_pem.as_bytes());
        let Some(public) = openssl(&["x509", "-in", certificate.path(), "-noout", "-pubkey"], b"")
        else {
            return;
        };
        let public = Scratch::new(&format!("pub{hash}"), &public);
        let signature = from_base64(fields.bytes("signature").unwrap());
        let signature = Scratch::new(&format!("sig{hash}"), &signature);
        // Hashed twice: what is signed are the digits of the first hash.
        let digits = digest(hash, &fields.canonical()).unwrap();
        let arguments = ["dgst", hash, "-verify", public.path(), "-signature", signature.path()];
        assert_eq!(text(&arguments, digits.as_bytes()).unwrap(), "Verified OK");
        let serial = ["x509", "-in", certificate.path(), "-noout", "-serial"];
        let serial = text(&serial, b"").unwrap();
        let hexadecimal = serial.strip_prefix("serial=").unwrap();
        let decimal = u128::from_str_radix(hexadecimal, 16).unwrap().to_string();
        assert_eq!(fields.ascii("certId"), Some(decimal.as_str()));
    }
}

#[test]
fn openssl_opens_what_we_encrypt() {
    let code = mingka_domain::secret::OneTimeCode::parse("111111").unwrap();
    let request = Request::OpenAgreement { elements: elements(), code };
    let fields = message(&keyed_account(), &request);
    let key = Scratch::new("key", WORLD.bank_encryption.key_pem.as_bytes());
    let open = |sealed: &[u8]| {
        let padding = "rsa_padding_mode:pkcs1";
        text(
            &["pkeyutl", "-decrypt", "-inkey", key.path(), "-pkeyopt", padding],
            &from_base64(sealed),
        )
    };
    let Some(card) = open(fields.bytes("accNo").unwrap()) else { return };
    assert_eq!(card, CARD);
    let group = from_base64(fields.bytes("customerInfo").unwrap());
    let group = Fields::parse_group(&group).unwrap();
    let phone = open(group.bytes("encryptedInfo").unwrap()).unwrap();
    assert_eq!(phone, format!("phoneNo={PHONE}"));
}

#[test]
fn openssl_agrees_on_the_keyed_hashes() {
    for (hash, signing) in
        [("-sha256", Signing::KeyedSha256(secret())), ("-sm3", Signing::KeyedSm3(secret()))]
    {
        let account = load(settings(signing));
        let fields = message(&account, &Request::QueryAgreement);
        let Some(key) = digest(hash, SECRET.as_bytes()) else { return };
        let signed = [fields.canonical().as_slice(), b"&", key.as_bytes()].concat();
        assert_eq!(digest(hash, &signed).as_deref(), fields.ascii("signature"), "{hash}");
    }
    assert_eq!(digest("-sha256", b"x").unwrap(), sha256_hex(b"x"));
}
