//! A webhook's secret and its signature, in the Standard Webhooks form: HMAC-SHA-256 over the id,
//! the moment and the very bytes of the body, with a dot between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_crypto::digest::hmac_sha256;
use mingka_domain::secret::Secret;
use zeroize::Zeroizing;

/// How a secret begins, so that a leaked one is recognised.
const SECRET_BEGINNING: &str = "whsec_";
/// How many random bytes a secret has. The form asks for 24 to 64.
pub(super) const SECRET_BYTES: usize = 32;

/// A secret of these bytes, as it is shown.
pub(super) fn secret_of(bytes: &[u8; SECRET_BYTES]) -> Secret {
    Secret::new(format!("{SECRET_BEGINNING}{}", STANDARD.encode(bytes)))
}

/// The value of `webhook-signature`: one signature for each secret that is valid now. `None` when a
/// secret is not in its form.
pub(super) fn signatures(secrets: &[Secret], id: &str, unix_s: i64, body: &[u8]) -> Option<String> {
    let mut signed = format!("{id}.{unix_s}.").into_bytes();
    signed.extend_from_slice(body);
    let mut all = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let bytes = secret.expose().strip_prefix(SECRET_BEGINNING)?;
        let key = Zeroizing::new(STANDARD.decode(bytes).ok()?);
        all.push(format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &signed))));
    }
    Some(all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries' own tests.
    #[test]
    fn the_published_example() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signed = signatures(
            &[secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn one_signature_for_each_secret_and_every_part_is_signed() {
        let secrets = [secret_of(&[1; 32]), secret_of(&[2; 32])];
        let both = signatures(&secrets, "evt_1", 1, b"{}").unwrap();
        let (first, second) = both.split_once(' ').unwrap();
        assert_ne!(first, second);
        assert_eq!(signatures(&secrets[..1], "evt_1", 1, b"{}").unwrap(), first);
        for other in [("evt_2", 1, &b"{}"[..]), ("evt_1", 2, b"{}"), ("evt_1", 1, b"{ }")] {
            assert_ne!(signatures(&secrets[..1], other.0, other.1, other.2).unwrap(), first);
        }
        assert_eq!(signatures(&[Secret::new("whsec_!".to_owned())], "e", 1, b""), None);
    }
}
