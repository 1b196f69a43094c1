//! What was measured, a line each: the value, the baseline, their ratio, and what is wanted.

use std::fs;

use crate::Arguments;

/// Prints rows as they are measured.
#[derive(Debug)]
pub(crate) struct Report {
    markdown: bool,
}

/// A measured number and how to write it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

impl Measured {
    pub(crate) fn new(value: f64, unit: &'static str) -> Self {
        Self { value, unit }
    }
}

impl Report {
    /// Says what is measured, and on what kind of machine.
    pub(crate) fn begin(arguments: &Arguments) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let kpid = arguments.kpid.display();
        println!("{kpid} on {cores} cores, load of the machine before: {}", load());
        let report = Self { markdown: arguments.markdown };
        if report.markdown {
            println!("\n| work | value | baseline | ratio | wanted |\n|---|---:|---:|---:|---|");
        }
        report
    }

    /// A row whose value and baseline are of one kind, so that their ratio says something.
    pub(crate) fn row(&self, work: &str, value: Measured, baseline: Measured, wanted: &str) {
        let ratio = value.value / baseline.value;
        let ratio = if ratio.is_finite() { format!("{} x", digits(ratio)) } else { "".to_owned() };
        self.print([work, &value.to_string(), &baseline.to_string(), &ratio, wanted]);
    }

    /// A row that nothing bare can be compared with.
    pub(crate) fn alone(&self, work: &str, value: Measured, wanted: &str) {
        self.print([work, &value.to_string(), "", "", wanted]);
    }

    /// A row in words, where there is no number.
    pub(crate) fn words(&self, work: &str, value: &str, wanted: &str) {
        self.print([work, value, "", "", wanted]);
    }

    /// Says how busy the machine was meanwhile.
    pub(crate) fn end(&self) {
        println!("\nload of the machine afterwards: {}", load());
    }

    fn print(&self, cells: [&str; 5]) {
        let [work, value, baseline, ratio, wanted] = cells;
        if self.markdown {
            println!("| {work} | {value} | {baseline} | {ratio} | {wanted} |");
        } else {
            println!("{work:<58} {value:>16} {baseline:>16} {ratio:>9}  wanted {wanted}");
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.unit {
            "" => write!(f, "{}", digits(self.value)),
            unit => write!(f, "{} {unit}", digits(self.value)),
        }
    }
}

/// Three digits that count.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// The load averages of 1, 5 and 15 minutes.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
