//! `mingka explain`: what a bank's response code means, without any server or database.

use std::process::ExitCode;

use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::diagnosis::{Diagnosis, Evidence};
use mingka_domain::mapping::{MappingBook, Meaning};
use mingka_domain::outcome::{Class, Operation, Phase, RawAnswer, ResponseCode};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use serde_json::{Value, json};

use super::print_line;
use crate::cli::ExplainArgs;
use crate::nearest::nearest;

/// The operations a question may name.
const PHASES: [Phase; 3] = [Phase::Request, Phase::Inquiry, Phase::Notification];

const AUDIENCES: [(&str, Audience); 3] = [
    ("borrower", Audience::Borrower),
    ("agent", Audience::Agent),
    ("engineer", Audience::Engineer),
];

/// Explains one code.
pub(crate) fn run(args: &ExplainArgs, now: Timestamp) -> Result<ExitCode, String> {
    let book = MappingBook::embedded();
    let families = book.families();
    if !families.contains(&args.family.as_str()) {
        return Err(unknown("family", &args.family, &families));
    }
    let operation = pick("operation", &args.operation, &Operation::ALL, Operation::name)?;
    let phase = pick("phase", &args.phase, &PHASES, Phase::name)?;
    let code = ResponseCode::new(&args.code);
    let meaning = book.read(&args.family, operation, phase, &code);
    let diagnosis = diagnose(&meaning, &args.family, operation, phase, code, now);
    if args.json {
        print_line(&as_json(&meaning, diagnosis.as_ref()).to_string());
    } else {
        print_text(args, &meaning, diagnosis.as_ref());
    }
    Ok(ExitCode::SUCCESS)
}

/// A code that says "done" needs no diagnosis.
fn diagnose(
    meaning: &Meaning,
    family: &str,
    operation: Operation,
    phase: Phase,
    code: ResponseCode,
    now: Timestamp,
) -> Option<Diagnosis> {
    if meaning.causes.is_empty() {
        return None;
    }
    let answer = RawAnswer { code, message: None };
    let evidence = Evidence::heard(family, operation, phase, Some(&answer), now);
    Some(Diagnosis::from_meaning(Dictionary::embedded(), meaning, evidence))
}

fn as_json(meaning: &Meaning, diagnosis: Option<&Diagnosis>) -> Value {
    let Some(diagnosis) = diagnosis else {
        return json!({
            "class": meaning.class, "cause": null, "causes": [], "certainty": meaning.certainty,
            "actor": "nobody", "next_step": null, "retry": null, "texts": {},
        });
    };
    let dictionary = Dictionary::embedded();
    let texts: serde_json::Map<String, Value> = AUDIENCES
        .into_iter()
        .map(|(name, audience)| {
            let say = |lang| diagnosis.render(dictionary, audience, lang, None);
            (name.to_owned(), json!({ "zh": say(Lang::Zh), "en": say(Lang::En) }))
        })
        .collect();
    json!({
        "class": meaning.class,
        "cause": diagnosis.causes.first(),
        "causes": diagnosis.causes,
        "certainty": diagnosis.certainty,
        "actor": diagnosis.actor,
        "next_step": diagnosis.next_step,
        "retry": diagnosis.retry,
        "texts": texts,
    })
}

fn print_text(args: &ExplainArgs, meaning: &Meaning, diagnosis: Option<&Diagnosis>) {
    let dictionary = Dictionary::embedded();
    print_line(&format!(
        "{} {} ({}, {}): {}",
        args.family,
        args.code,
        args.operation,
        args.phase,
        class_words(meaning.class)
    ));
    let Some(diagnosis) = diagnosis else { return };
    let causes: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.as_str()).collect();
    print_line(&format!("原因 cause      {}", causes.join(" | ")));
    for (name, audience) in AUDIENCES {
        print_line(&format!("\n— {name}"));
        for lang in [Lang::Zh, Lang::En] {
            let said = diagnosis.render(dictionary, audience, lang, None);
            print_line(&format!("  {}", said.title));
            print_line(&format!("  {} {}", said.text, said.fix));
            print_line(&format!("  {} · {} · {}", said.actor, said.next_step, said.retry));
        }
    }
}

fn class_words(class: Class) -> &'static str {
    match class {
        Class::Settled => "已成功 settled",
        Class::Declined => "已拒绝（终态） declined, final",
        Class::Pending => "处理中 pending",
        Class::NotAttempted => "未受理，可再试 not attempted, may be tried again",
        Class::Unknown => {
            "未知：只能查询，不能当作失败 unknown: inquire, never take it as a failure"
        }
    }
}

fn pick<T: Copy>(
    what: &str,
    typed: &str,
    known: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let names: Vec<&str> = known.iter().map(|item| name(*item)).collect();
    known
        .iter()
        .copied()
        .find(|item| name(*item) == typed)
        .ok_or_else(|| unknown(what, typed, &names))
}

fn unknown(what: &str, typed: &str, known: &[&str]) -> String {
    let hint = nearest(typed, known.iter().copied())
        .map(|name| format!(" Did you mean `{name}`?"))
        .unwrap_or_default();
    format!("unknown {what} `{typed}`.{hint} Known: {}.", known.join(", "))
}
