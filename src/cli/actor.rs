//! Who does it, for the record.

use kpid_config::secret;

/// Who does it.
#[derive(clap::Args)]
pub(crate) struct Person {
    /// Who does it, for the record; by default who is logged in
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Person {
    /// The name given, or the best there is: a container, a unit and cron say of nobody who is logged in.
    pub(crate) fn name(self) -> String {
        self.by.or_else(secret::login).unwrap_or_else(|| user(rustix::process::getuid().as_raw()))
    }
}

/// The name of a user's number, where the machine has one.
fn user(number: u32) -> String {
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&known, number).unwrap_or_else(|| format!("uid {number}"))
}

/// The name that lines of `name:password:number:…` give a number.
fn named(known: &str, number: u32) -> Option<String> {
    known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, written) = (fields.next()?, fields.nth(1)?);
        (written.parse() == Ok(number) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_name_that_the_machine_gives_it() {
        let known =
            "root:x:0:0:root:/root:/bin/sh\nno line\nkpid:x:998:998::/var/lib/kpid:/bin/false\n";
        assert_eq!(named(known, 998).as_deref(), Some("kpid"));
        assert_eq!(named(known, 61184), None);
    }
}
