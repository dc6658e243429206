//! What was measured, as a table for people and as JSON for machines. Decides nothing.

use std::fmt::Write as _;

use serde::Serialize;

use crate::machine::Machine;
use crate::sample::Sample;

/// Everything one run measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) quick: bool,
    pub(crate) sections: Vec<Section>,
}

/// Rows that belong together.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
    pub(crate) notes: Vec<String>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) sample: Sample,
    pub(crate) unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goal: Option<Goal>,
}

/// What a figure is to reach.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Goal {
    pub(crate) bound: f64,
    pub(crate) reached: bool,
}

impl Section {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, sample: Sample, unit: &'static str) {
        self.rows.push(Row { name: name.into(), sample, unit, goal: None });
    }

    /// A value measured once, or worked out of others.
    pub(crate) fn value(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.row(name, Sample::once(value), unit);
    }

    /// The last row's median is to be at least this.
    pub(crate) fn at_least(&mut self, bound: f64) {
        self.goal(bound, |median| median >= bound);
    }

    /// The last row's median is to be less than this.
    pub(crate) fn below(&mut self, bound: f64) {
        self.goal(bound, |median| median < bound);
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn goal(&mut self, bound: f64, reached: impl Fn(f64) -> bool) {
        if let Some(row) = self.rows.last_mut() {
            row.goal = Some(Goal { bound, reached: reached(row.sample.median) });
        }
    }
}

impl Report {
    /// The whole report as JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Section {
    /// This section as lines.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("{}\n", self.title);
        for row in &self.rows {
            let Sample { median, lowest, highest, runs } = row.sample;
            let spread = match runs {
                0 | 1 => String::new(),
                _ => format!("{} – {} ({runs} runs)", readable(lowest), readable(highest)),
            };
            let goal = row.goal.map_or_else(String::new, |goal| {
                let word = if goal.reached { "reached" } else { "MISSED" };
                format!("goal {}: {word}", readable(goal.bound))
            });
            let value = readable(median);
            let line =
                format!("  {:<58} {value:>11} {:<5} {spread:<34} {goal}", row.name, row.unit);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for note in &self.notes {
            let _ = writeln!(text, "  · {note}");
        }
        text
    }
}

/// Three or four figures that matter, thousands apart.
fn readable(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut digits = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !digits.ends_with('-') {
            digits.push(',');
        }
        digits.push(digit);
    }
    if rest.is_empty() { digits } else { format!("{digits}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(readable(1_234_567.8), "1,234,568");
        assert_eq!(readable(123.4), "123");
        assert_eq!(readable(12.34), "12.3");
        assert_eq!(readable(0.0123), "0.012");
        assert_eq!(readable(-1_234.0), "-1,234");
    }

    #[test]
    fn a_missed_goal_is_shouted() {
        let mut section = Section::new("a section");
        section.value("slow", 9.0, "/s");
        section.at_least(10.0);
        section.value("small", 9.0, "MB");
        section.below(10.0);
        section.note("why");
        let table = section.table();
        assert!(table.contains("goal 10.0: MISSED"), "{table}");
        assert!(table.contains("goal 10.0: reached"), "{table}");
        assert!(table.ends_with("  · why\n"), "{table}");
    }
}
