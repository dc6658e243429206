//! `mingka evidence`: the log's key, the log as files, and whether an export or a receipt holds.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mingka_crypto::log::LogKey;
use mingka_engine::{Engine, Receipt, SystemClock, verify_export, verify_receipt};
use serde_json::json;

use super::keys::describe;
use super::{block_on, load, print_line, print_progress};
use crate::cli::{ConfigArgs, EvidenceCommand, ExportArgs, VerifyArgs};
use crate::compose;

/// The largest receipt that is read, in bytes.
const RECEIPT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Runs one of the evidence commands.
pub(crate) fn run(command: EvidenceCommand) -> Result<ExitCode, String> {
    match command {
        EvidenceCommand::Key(args) => block_on(key(args)),
        EvidenceCommand::Export(args) => block_on(export(args)),
        EvidenceCommand::Verify(args) => verify(&args),
    }
}

async fn engine(args: &ConfigArgs) -> Result<Engine, String> {
    Ok(compose::house(&load(args)?, Vec::new(), Arc::new(SystemClock)).await?.engine)
}

async fn key(args: ConfigArgs) -> Result<ExitCode, String> {
    let key = engine(&args).await?.evidence_key().map_err(describe)?;
    print_line(&key.to_string());
    Ok(ExitCode::SUCCESS)
}

async fn export(args: ExportArgs) -> Result<ExitCode, String> {
    let engine = engine(&args.config).await?;
    let folder = args.out;
    fs::create_dir(&folder).map_err(|e| format!("{}: {e}; name a new folder", folder.display()))?;
    let mut files = 0_u64;
    let size = engine
        .export_evidence(&mut |path, bytes| {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
            }
            fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
            files = files.saturating_add(1);
            if files.is_multiple_of(100) {
                print_progress(&format!("{files} files"));
            }
            Ok(())
        })
        .await?;
    print_line(&format!("{size} events in {files} files below {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}

fn verify(args: &VerifyArgs) -> Result<ExitCode, String> {
    let key = LogKey::parse(&args.key).map_err(|e| format!("--key: {e}"))?;
    let (said, found) = if args.what.is_dir() { whole(args, &key) } else { one(args, &key)? };
    let holds = found.is_empty();
    if args.json {
        print_line(&json!({"holds": holds, "what": said, "found": found}).to_string());
    } else {
        found.iter().for_each(|finding| print_line(&format!("- {finding}")));
        print_line(&format!("{}: {said}", if holds { "holds" } else { "does NOT hold" }));
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A whole export.
fn whole(args: &VerifyArgs, key: &LogKey) -> (String, Vec<String>) {
    let report =
        verify_export(key, &|path| fs::read(args.what.join(path)).ok(), &mut |done, size| {
            if done.is_multiple_of(25_600) {
                print_progress(&format!("{done} of {size}"));
            }
        });
    let (size, opened, erased) = (report.size, report.opened, report.erased);
    (format!("{size} events, {opened} as they were told, {erased} erased"), report.found)
}

/// A receipt.
fn one(args: &VerifyArgs, key: &LogKey) -> Result<(String, Vec<String>), String> {
    let file: &Path = &args.what;
    let said = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let length = fs::metadata(file).map_err(|e| said(&e))?.len();
    if length > RECEIPT_BYTES_MAX {
        return Err(said(&"longer than any receipt"));
    }
    let text = fs::read_to_string(file).map_err(|e| said(&e))?;
    let receipt: Receipt =
        serde_json::from_str(&text).map_err(|e| said(&format!("this is no receipt: {e}")))?;
    let found = verify_receipt(&receipt, key);
    Ok((format!("{} with {} events", receipt.subject, receipt.entries.len()), found))
}
