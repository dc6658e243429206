//! The benchmark still runs, end to end, and measures something everywhere. How fast anything was is
//! not looked at: that is not for a machine that does ten other things.

use std::process::{Command, Output};

use serde_json::Value;

#[test]
fn a_quick_run_measures_everything() {
    let output = bench(&["--quick", "--json"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["quick"], true);
    let sections = report["sections"].as_array().unwrap();
    assert!(sections.len() >= 15, "{} sections", sections.len());
    let mut rows = 0;
    for section in sections {
        for row in section["rows"].as_array().unwrap() {
            rows += 1;
            let median = row["median"].as_f64().unwrap();
            let (name, unit) = (row["name"].as_str().unwrap(), row["unit"].as_str().unwrap());
            assert!(median.is_finite(), "{name}");
            assert!(median > 0.0 || unit != "/s", "{name}: {median}");
        }
    }
    assert!(rows > 60, "{rows} rows");
}

#[test]
fn an_unknown_word_is_refused() {
    let output = bench(&["--fast"]).unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("usage:"));
}

#[expect(clippy::disallowed_methods, reason = "the program itself is under test")]
fn bench(arguments: &[&str]) -> std::io::Result<Output> {
    let program = env!("CARGO_BIN_EXE_mingka-bench");
    let arguments = [&["--folder", env!("CARGO_TARGET_TMPDIR")], arguments].concat();
    Command::new(program).args(arguments).output()
}
