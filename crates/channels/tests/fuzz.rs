//! The bodies of the fuzz targets on random bytes: what the fuzzer does for hours, done for a moment
//! in every test run.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, clippy::expect_used, reason = "it is the library of the fuzz targets")]
mod bodies;

use proptest::prelude::*;

/// Bytes that look like a message more often than pure chance would make them.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let name =
        "respCode|origRespCode|respMsg|tokenPayData|activateStatus|txnSubType|accNo|[a-z]{1,4}";
    let value = "00|34|66|05|\\{token=[0-9]{1,5}&tokenEnd=[0-9]{14}\\}|[ -~]{0,20}";
    proptest::collection::vec((name, value), 0..12).prop_map(|pairs| {
        let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&").into_bytes()
    })
}

proptest! {
    #[test]
    fn likely_bytes(bytes in likely()) {
        bodies::acp_answer(&bytes);
        bodies::acp_notification(&bytes);
        bodies::form(&bytes);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        bodies::acp_answer(&bytes);
        bodies::acp_notification(&bytes);
        bodies::form(&bytes);
    }
}
