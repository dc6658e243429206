//! A merchant account is checked whole when it is loaded, and each refusal names its setting.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use mingka_channels::Profile;
use mingka_channels::acp::{AccountError, AccountSettings, MerchantAccount, Signing, Version};
use mingka_channels::profile::ProfileError;
use mingka_domain::secret::Secret;
use support::*;

fn refused(change: impl FnOnce(&mut AccountSettings)) -> AccountError {
    let mut settings = settings(rsa_signing());
    change(&mut settings);
    let error = MerchantAccount::load(settings).unwrap_err();
    assert!(!error.to_string().contains("MII"));
    error
}

fn refused_signing(
    change: impl FnOnce(&mut Secret, &mut String, &mut Vec<String>),
) -> AccountError {
    refused(|settings| {
        let Signing::Rsa { private_key, certificate, bank } = &mut settings.signing else {
            return;
        };
        change(private_key, certificate, &mut bank.roots);
    })
}

#[test]
fn each_wrong_setting_is_named() {
    assert_eq!(refused(|s| s.merchant_number = "12".to_owned()), AccountError::MerchantNumber);
    assert_eq!(
        refused(|s| s.merchant_number = "77729005811009&".to_owned()),
        AccountError::MerchantNumber
    );
    assert_eq!(refused(|s| s.token_requestor = "}".to_owned()), AccountError::TokenRequestor);
    for gateway in [
        "gateway.invalid",
        "ftp://x",
        "https://",
        "https://x/?a=1",
        "https://x:99999",
        "https://:1",
        "https://a b/",
        "https://u@x/",
        "https://[::1/",
        "https://[::::]/",
        "https://[1:2:3:4:5:6:7:8:9]/",
        "https://银联/",
        "https://x/%zz",
    ] {
        assert_eq!(refused(|s| s.gateway = gateway.to_owned()), AccountError::Gateway);
    }
    assert_eq!(
        refused(|s| s.encryption_certificate = "no".to_owned()),
        AccountError::EncryptionCertificate
    );
    assert_eq!(
        refused(|s| s.signing = Signing::KeyedSha256(Secret::new(String::new()))),
        AccountError::Secret
    );
    assert_eq!(
        refused(|s| {
            s.version = Version::V5_0_0;
            s.signing = Signing::KeyedSm3(secret());
        }),
        AccountError::VersionAndMethod
    );
}

#[test]
fn a_key_must_fit_its_certificate_and_the_bank_must_have_a_name() {
    assert_eq!(
        refused_signing(|_, certificate, _| *certificate = WORLD.bank.certificate_pem.clone()),
        AccountError::KeyAndCertificateDiffer
    );
    assert_eq!(refused_signing(|_, certificate, _| certificate.clear()), AccountError::Certificate);
    assert!(matches!(
        refused_signing(|key, _, _| *key = Secret::new("no key".to_owned())),
        AccountError::PrivateKey(_)
    ));
    assert_eq!(refused_signing(|_, _, roots| roots.clear()), AccountError::BankUnnamed);
    assert!(matches!(
        refused_signing(|_, _, roots| roots.push("no certificate".to_owned())),
        AccountError::Bank(_)
    ));
}

#[test]
fn the_embedded_profile_is_sound_and_others_are_refused_by_name() {
    let profile = Profile::unionpay_acp();
    assert!(profile.is_open_at(0) && profile.is_open_at(23));
    let text = include_str!("../../../data/profiles/unionpay_acp.toml");
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let ProfileError(why) = Profile::parse(&text.replace(from, to)).unwrap_err();
        why
    };
    assert!(refused("[hours]", "colour = 1\n[hours]").contains("colour"));
    assert!(refused("    \"query_state\",\n", "").contains("query_state"));
    assert!(refused("tail_gap_ms = 300_000", "tail_gap_ms = 0").contains("inquiry"));
    assert!(refused("count_max = 5", "count_max = 1").contains("kept_for_corrections"));
    assert!(refused("until_hour = 0", "until_hour = 25").contains("hours"));
    assert!(refused("\"verify\"", "\"fly\"").contains("fly"));
    assert!(refused("tail_gap_ms = 1_800_000", "tail_gap_ms = 0").contains("payment_inquiry"));
    let never = "[payment_inquiry]\nnot_found_final_after_ms = 600_000";
    assert!(refused("[payment_inquiry]", never).contains("statement"));
    assert!(refused("day_ends_hour = 23", "day_ends_hour = 25").contains("settlement"));

    let night =
        text.replace("from_hour = 0", "from_hour = 22").replace("until_hour = 0", "until_hour = 6");
    let night = Profile::parse(&night).unwrap();
    assert!(night.is_open_at(23) && night.is_open_at(5) && !night.is_open_at(6));
}
