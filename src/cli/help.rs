//! The help of kpid itself: its commands by what people are about.

use std::fmt::Write as _;

use clap::Command;

/// The commands, in groups as a reader looks for them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Begin", &["demo", "init", "check", "schema"]),
    ("Run", &["run", "reload", "doctor", "token", "backup", "restore"]),
    ("Figures", &["pull", "backfill", "import", "export"]),
    ("Look", &["show", "explain", "digest", "report", "review"]),
    ("Alerts", &["alerts", "outbox", "notify", "audit"]),
    ("Try out a change", &["plan", "simulate", "backtest", "config"]),
];

/// What packages need.
const FOR_PACKAGES: &[&str] = &["completions", "man", "help"];

/// The command line with its commands in groups, a line each.
pub(crate) fn grouped(mut command: Command) -> Command {
    command.build();
    let mut list = String::new();
    let groups = GROUPS.iter().copied().chain([("For packages", FOR_PACKAGES)]);
    for (title, names) in groups {
        let _ = writeln!(list, "{title}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(list, "  {name:<12} {}", short(&about));
        }
        list.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{{options-heading}}\n\
         {{options}}{{after-help}}"
    )
    .replace("{options-heading}", "Options:");
    command.help_template(template)
}

/// What stands before the details.
fn short(about: &str) -> &str {
    let end = about.find([':', ';']).unwrap_or(about.len());
    &about[..end]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::CommandLine;

    #[test]
    fn every_command_is_in_one_group() {
        let mut command = CommandLine::command();
        command.build();
        let all = command.get_subcommands().filter(|command| !command.is_hide_set());
        let all: BTreeSet<&str> = all.map(Command::get_name).collect();
        let grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| *names).chain(FOR_PACKAGES).copied().collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), all);
        assert_eq!(grouped.len(), all.len(), "twice: {grouped:?}");
    }

    #[test]
    fn the_help_fits_a_terminal_and_names_each_command_in_one_line() {
        let help = grouped(CommandLine::command()).render_help().to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert!(help.contains("Figures:\n  pull         Collect KPIs now, and judge\n"), "{help}");
    }
}
