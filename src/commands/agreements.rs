//! `mingka agreements` and `mingka export`: what a platform brings along, and everything that is
//! theirs when they go.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use mingka_domain::text::Lang;
use mingka_engine::{EXPORT_FILES, ImportOutcome, ImportReport, ImportedLine};

use super::keys::describe;
use super::statement::open;
use super::{print_line, print_progress};
use crate::cli::{AgreementsCommand, ExportPlatformArgs, ImportAgreementsArgs};

/// How many refused lines are shown; the rest stand in the report.
const SHOWN_MAX: usize = 20;

/// Runs one of the agreements commands.
pub(crate) async fn run(command: AgreementsCommand) -> Result<ExitCode, String> {
    let AgreementsCommand::Import(args) = command;
    import(args).await
}

async fn import(args: ImportAgreementsArgs) -> Result<ExitCode, String> {
    let content = fs::read_to_string(&args.file)
        .map_err(|error| format!("{}: {error}", args.file.display()))?;
    // Before anything is taken in: a report that cannot be written is no report.
    let mut file = args.report.as_deref().map(new_file).transpose()?;
    let (engine, platform) = open(&args.config, &args.platform).await?;
    let report =
        engine.import_agreements(platform, &content, args.check).await.map_err(describe)?;
    if let (Some(file), Some(path)) = (&mut file, &args.report) {
        let wrong = |error| format!("{}: {error}", path.display());
        file.write_all(csv_of(&report)?.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(wrong)?;
    }
    show(&report);
    let refused = report.count("refused") > 0;
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(report: &ImportReport) {
    let refused = report.lines.iter().filter_map(|line| said(line).map(|said| (line, said)));
    for (line, said) in refused.take(SHOWN_MAX) {
        print_line(&format!("line {}: {}", line.line, said.join("  ")));
    }
    let more = report.count("refused").saturating_sub(SHOWN_MAX);
    if more > 0 {
        print_line(&format!("and {more} more; see them all with --report FILE"));
    }
    let taken = if report.check_only { "importable" } else { "imported" };
    print_line(&format!(
        "{} lines: {} {taken}, {} already there, {} refused",
        report.lines.len(),
        report.count(taken),
        report.count("already_there"),
        report.count("refused"),
    ));
}

/// The column, the code, and what to do, where a line was refused.
fn said(line: &ImportedLine) -> Option<[String; 3]> {
    match &line.outcome {
        ImportOutcome::Refused(why) => {
            Some([why.column().to_owned(), why.code().to_owned(), why.text(Lang::Zh)])
        }
        _ => None,
    }
}

fn csv_of(report: &ImportReport) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| format!("the report cannot be written: {error}");
    let head = ["line", "borrower_ref", "outcome", "instrument", "column", "code", "text"];
    writer.write_record(head).map_err(wrong)?;
    for line in &report.lines {
        let [column, code, text] = said(line).unwrap_or_default();
        let instrument = line.outcome.instrument().map(|id| id.to_string()).unwrap_or_default();
        let (number, name) = (line.line.to_string(), line.outcome.name().to_owned());
        let reference = line.borrower_ref.clone().unwrap_or_default();
        writer
            .write_record([number, reference, name, instrument, column, code, text])
            .map_err(wrong)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Writes everything of a platform.
pub(crate) async fn export(args: ExportPlatformArgs) -> Result<ExitCode, String> {
    let (engine, platform) = open(&args.config, &args.platform).await?;
    let folder = args.out;
    fs::create_dir(&folder).map_err(|e| format!("{}: {e}; name a new folder", folder.display()))?;
    let mut files: BTreeMap<&str, (File, u64)> = BTreeMap::new();
    for (name, _) in EXPORT_FILES {
        files.insert(name, (new_file(&folder.join(name))?, 0));
    }
    let mut written = 0_u64;
    engine
        .export_platform(platform, &mut |name, line| {
            let (file, lines) = files.get_mut(name).ok_or_else(|| format!("{name} is no file"))?;
            file.write_all(line.as_bytes()).map_err(|e| format!("{name}: {e}"))?;
            *lines = lines.saturating_add(1);
            written = written.saturating_add(1);
            if written.is_multiple_of(1_000) {
                print_progress(&format!("{written} lines"));
            }
            Ok(())
        })
        .await?;
    for (name, what) in EXPORT_FILES {
        if let Some((file, lines)) = files.get(name) {
            file.sync_all().map_err(|e| format!("{name}: {e}"))?;
            print_line(&format!("{lines:>8}  {name:<22}{what}"));
        }
    }
    print_line("The evidence log goes with `mingka evidence export`.");
    Ok(ExitCode::SUCCESS)
}

/// A file that only its owner reads and that was not there before.
fn new_file(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| format!("{}: {error}; name a new file", path.display()))
}
