//! No code without a mapping: every public table that lies beside the repository is compared with
//! our own lists, code by code, both ways. Without the tables the test says that it was left out.

#![expect(
    clippy::indexing_slicing,
    reason = "a test stops where its assumptions about a table fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use mingka_domain::mapping::MappingBook;

/// A table, the family that maps it, the column of its codes, and which rows belong to the family:
/// the column and how it must begin.
type Table = (&'static str, &'static str, usize, Option<(usize, &'static str)>);

const TABLES: &[Table] = &[
    ("unionpay_respcode.csv", "unionpay", 0, None),
    ("iso8583_de39_unionpay.csv", "iso8583", 0, None),
    (
        "iso20022_external_payment_transaction_status_code.csv",
        "iso20022.transaction_status",
        0,
        None,
    ),
    ("iso20022_external_status_reason_code.csv", "iso20022.status_reason", 0, None),
    ("iso20022_external_return_reason_code.csv", "iso20022.return", 0, None),
    ("iso20022_external_verification_reason_code.csv", "iso20022.verification", 0, None),
    ("tencent_faceid_h5_codes.csv", "tencent_face_h5", 0, None),
    ("aliyun_bankmetaverify_codes.csv", "aliyun_bankmeta", 1, None),
    ("aliyun_face_codes.csv", "aliyun_face.code", 1, Some((0, "Code"))),
    ("aliyun_face_codes.csv", "aliyun_face.sub_code", 1, Some((0, "SubCode"))),
    ("bankcheck_market_codes.csv", "market_four_elements", 0, None),
    ("baofoo_codes.csv", "baofoo_agreement", 0, None),
    ("baofoo_auth_resp_codes.csv", "baofoo_agreement", 0, None),
    ("baofoo_fopay_codes.csv", "baofoo_payout", 0, None),
    ("lianlian_instantpay_retcodes.csv", "lianlian_payout", 0, None),
    ("cmb_cdc.csv", "cmb_cdc.request", 1, Some((0, "reqSts"))),
    ("cmb_cdc.csv", "cmb_cdc.result", 1, Some((0, "rtnFlg"))),
    ("cmb_cdc.csv", "cmb_cdc.notice", 1, Some((0, "notice"))),
    ("wechat_transfer_fail_reasons.csv", "wechat_transfer", 0, None),
];

#[test]
fn every_code_of_the_public_tables_is_mapped_and_no_other() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !folder.is_dir() {
        println!("left out: no tables beside the repository");
        return;
    }
    let book = MappingBook::embedded();
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, family, column, only) in TABLES {
        let content = fs::read_to_string(folder.join(file)).unwrap();
        let codes = codes(&content, *column, *only);
        assert!(codes.len() > 3, "{file} has too few codes to be read rightly: {codes:?}");
        tables.entry((*family).to_owned()).or_default().extend(codes);
    }
    let content = fs::read_to_string(folder.join("tencent_faceid_result_codes.csv")).unwrap();
    for row in rows(&content) {
        let family = format!("tencent_faceid.{}", row[0]);
        tables.entry(family).or_default().insert(row[1].clone());
    }
    for (family, listed) in &tables {
        let ours: BTreeSet<String> = book.codes(family).into_iter().map(str::to_owned).collect();
        let missing: Vec<&String> = listed.difference(&ours).collect();
        assert!(missing.is_empty(), "{family} does not map {missing:?}");
        let invented: Vec<&String> = ours.difference(listed).collect();
        assert!(invented.is_empty(), "{family} maps {invented:?}, which no table lists");
    }
    let families: Vec<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(families, book.families(), "a family without a table, or a table without a family");
}

fn codes(content: &str, column: usize, only: Option<(usize, &str)>) -> Vec<String> {
    let rows = rows(content).into_iter();
    let wanted = rows.filter(|row| only.is_none_or(|(place, start)| row[place].starts_with(start)));
    // The one line that stands for "not seen beyond this" is no code.
    wanted.map(|row| row[column].clone()).filter(|code| !code.ends_with('+')).collect()
}

/// The rows after the heading. Quoted cells are never among the first ones, which hold the codes.
fn rows(content: &str) -> Vec<Vec<String>> {
    let lines = content.lines().skip(1).filter(|line| !line.is_empty());
    lines.map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect()).collect()
}
